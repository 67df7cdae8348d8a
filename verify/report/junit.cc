#include "verify/report/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reference/base/text.h"
#include "verify/report/escape.h"
#include "verify/report/words.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxText = 2'000;   // code points of a message
constexpr std::size_t kMaxEvidence = 50;  // lines per case; the rest is counted
constexpr std::size_t kMaxQuoted = 500;

std::string text(std::string_view raw, std::size_t max) {
  return escape_markup(escape_line(raw, max));
}

// Everything about a result, one thing a line.
std::string body(const RuleResult& r) {
  std::string out = text(r.message, kMaxText) + "\n";
  if (const std::string q = quantities_in_words(r); !q.empty()) out += escape_markup(q) + "\n";
  for (std::size_t i = 0; i < std::min(r.evidence.size(), kMaxEvidence); ++i) {
    const Evidence& e = r.evidence[i];
    out += escape_markup(place_in_words(e)) + (e.text.empty() ? "" : ": " + text(trim(e.text), kMaxQuoted)) + "\n";
  }
  if (r.evidence.size() > kMaxEvidence) out += fmt::format("and {} more places\n", r.evidence.size() - kMaxEvidence);
  if (!r.help.empty()) out += "fix: " + text(r.help, kMaxText) + "\n";
  return out;
}

// What stands inside the case; nothing for a pass.
std::string outcome(const RuleResult& r) {
  const char* severity = to_string(r.severity);
  const bool error = r.severity == Severity::error;
  switch (r.verdict) {
    case Verdict::pass:
      return "";
    case Verdict::not_applicable:
      return fmt::format("<skipped>{}</skipped>", body(r));
    case Verdict::inconclusive:
      return error ? fmt::format("<error type=\"inconclusive\">{}</error>", body(r))
                   : fmt::format("<skipped>{} {}\n{}</skipped>", finding_kind(r), severity, body(r));
    case Verdict::fail:
      return error ? fmt::format("<failure type=\"error\">{}</failure>", body(r))
                   : fmt::format("<system-out>{}\n{}</system-out>", severity, body(r));
  }
  return "";
}

// `name`, or `name (2)` and so on where it is taken.
template <class Taken>
std::string unique(const std::string& name, Taken& taken) {
  std::string out = name;
  for (std::size_t n = 2; !taken.insert(out).second; ++n) out = fmt::format("{} ({})", name, n);
  return out;
}

}  // namespace

void JUnitLog::add(const Report& report) {
  const std::string name = unique(escape_line(report.submission.name, 200), names_);
  const std::string suite = escape_markup(name);
  std::string cases;
  std::size_t tests = 0, failures = 0, errors = 0;
  const auto add_case = [&](const std::string& id, const std::string& inside) {
    ++tests;
    const std::string head = fmt::format("  <testcase classname=\"{}\" name=\"{}\"", suite, escape_markup(id));
    cases += inside.empty() ? head + "/>\n" : head + ">" + inside + "</testcase>\n";
  };
  if (!report.error.empty()) {
    ++errors;
    add_case("the folder can be examined",
             fmt::format("<error type=\"not examined\">{}</error>", text(report.error, kMaxText)));
  }
  std::set<std::string> ids;
  std::map<std::string, std::size_t> next;  // keeps hundreds of results of one rule from a quadratic search
  for (const RuleResult& r : report.results) {
    const std::string id = escape_line(r.id, 60);
    const std::size_t n = ++next[id];
    const bool error = r.severity == Severity::error;
    failures += r.verdict == Verdict::fail && error ? 1 : 0;
    errors += r.verdict == Verdict::inconclusive && error ? 1 : 0;
    add_case(unique(n == 1 ? id : fmt::format("{} ({})", id, n), ids), outcome(r));
  }
  suites_ += fmt::format(" <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n", suite, tests,
                         failures, errors);
  suites_ += fmt::format(
      "  <properties><property name=\"policy\" value=\"{}\"/><property name=\"verdict\" value=\"{}\"/></properties>\n",
      text(report.policy.name, 40), to_string(report.verdict));
  suites_ += cases + " </testsuite>\n";
  tests_ += tests;
  failures_ += failures;
  errors_ += errors;
}

std::string JUnitLog::take() {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pgverify\" tests=\"{}\" failures=\"{}\" "
      "errors=\"{}\">\n{}</testsuites>\n",
      tests_, failures_, errors_, suites_);
}

}  // namespace pg::verify
