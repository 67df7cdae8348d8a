#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/decimal.h"
#include "verify/submission/located_json.h"
#include "verify/submission/metadata.h"
#include "verify/submission/metadata_keys.h"

namespace pg::verify {

// A number that somebody wrote with a unit, commas or a tilde: "15.98 MB", "15,987,547", "~600 s".
struct Quantity {
  Decimal number;    // without commas
  std::string unit;  // lower case, "" where none
  bool approximate = false;
};
std::optional<Quantity> parse_quantity(std::string_view text);

// An object of the metadata file whose keys are looked up by their normalised spelling ("Val-BPB" is "val_bpb").
class Scope {
 public:
  Scope(const JsonValue& object, std::string prefix);

  struct Entry {
    const JsonMember* member;
    std::string path;  // as the author spelled it, with the scope's prefix
  };
  // nullptr where absent; the last of several.
  const Entry* find(std::string_view key) const;
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

 private:
  std::map<std::string, Entry, std::less<>> entries_;
};
std::string normalized_key(std::string_view key);

// Collects what is odd about the file; bounded.
class Deviations {
 public:
  explicit Deviations(std::vector<MetadataDeviation>& out) : out_(out) {}
  void add(MetadataDeviation::Kind kind, std::string_view key, std::uint32_t line, std::string message);

 private:
  std::vector<MetadataDeviation>& out_;
};

// Reads one field: the first synonym of `field` (scopes in order, synonyms in order) that holds a usable value. A
// later synonym, a null, a blank or a value of the wrong type becomes a deviation.
class FieldReader {
 public:
  FieldReader(const std::vector<Scope>& scopes, Deviations& deviations) : scopes_(scopes), deviations_(deviations) {}

  Claimed<Decimal> decimal(const Field& field) const;
  Claimed<std::int64_t> integer(const Field& field) const;  // bytes by the synonym's unit; rounded with a deviation
  Claimed<double> milliseconds(const Field& field) const;
  Claimed<double> real(const Field& field) const;
  Claimed<std::string> text(const Field& field) const;

 private:
  template <class T, class Convert>
  Claimed<T> first(const Field& field, Convert convert) const;

  const std::vector<Scope>& scopes_;
  Deviations& deviations_;
};

}  // namespace pg::verify
