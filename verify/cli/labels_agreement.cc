#include "verify/cli/labels_agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "reference/base/text.h"
#include "verify/report/canonical.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using Confusion = Agreement::Confusion;
using Disagreement = Agreement::Disagreement;

bool is_legality(std::string_view rule) {
  for (const std::string_view family : {"PG-C1", "PG-C2", "PG-C3", "PG-C4", "PG-DATA", "PG-BYTES"})
    if (rule.starts_with(family)) return true;
  return false;
}

// "PG-C1-CHOICE" -> "PG-C1".
std::string family_of(const std::string& rule) {
  const std::size_t dash = rule.size() > 3 ? rule.find('-', 3) : std::string::npos;
  return rule.substr(0, dash);
}

bool any_starts_with(const std::vector<std::string>& rules, const std::string& beginning) {
  return std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return rule.starts_with(beginning); });
}

bool meets(const std::string& rule, const std::vector<std::string>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const auto& beginning) { return rule.starts_with(beginning); });
}

// One folder's label against what failed on it.
class Comparison {
 public:
  Comparison(Agreement& agreement, const Label& label, const std::vector<std::string>* failing)
      : a_(agreement), label_(label), answered_(failing != nullptr) {
    if (failing != nullptr) failing_ = *failing;
    for (const std::string& violated : label.violated)
      for (std::string& rule : families_of(violated)) wanted_.push_back(std::move(rule));
  }

  void count() {
    if (!answered_) a_.unanswered.push_back(label_.id);
    if (label_.judgement == Judgement::illegal)
      illegal();
    else if (label_.judgement == Judgement::legal)
      legal();
    else
      other();
    tables();
  }

 private:
  void illegal() {
    ++a_.illegal;
    const bool found = wanted_.empty() ? !failing_.empty()
                                       : std::any_of(failing_.begin(), failing_.end(),
                                                     [&](const auto& rule) { return meets(rule, wanted_); });
    if (found)
      ++a_.found;
    else
      a_.disagreements.push_back({Disagreement::Kind::missed, label_, answered_, failing_});
  }

  void legal() {
    ++a_.legal;
    std::vector<std::string> wrong;
    for (const std::string& rule : failing_)
      if (is_legality(rule)) wrong.push_back(rule);
    if (wrong.empty()) return;
    ++a_.wronged;
    a_.disagreements.push_back({Disagreement::Kind::wronged, label_, answered_, wrong});
  }

  void other() {
    ++a_.other;
    a_.other_failed += std::any_of(failing_.begin(), failing_.end(), is_legality);
  }

  void add(Confusion& row, const std::string& rule) {
    if (label_.judgement == Judgement::legal)
      ++row.wronged;
    else if (label_.judgement == Judgement::other)
      ++row.disputed;
    else
      ++(meets(rule, wanted_) ? row.hit : row.beside);
  }

  void tables() {
    std::map<std::string, bool> failed_families;  // -> one of its failing rules is named
    for (const std::string& rule : failing_) {
      add(a_.rules[rule], rule);
      bool& named = failed_families[family_of(rule)];
      named = named || meets(rule, wanted_);
    }
    for (const auto& [family, named] : failed_families) {
      const bool hit = label_.judgement == Judgement::illegal && named;
      if (hit)
        ++a_.families[family].hit;
      else
        add(a_.families[family], family);
    }
    if (label_.judgement != Judgement::illegal) return;
    std::set<std::string> missed;  // a class that several families may meet is missed by the first
    for (const std::string& violated : label_.violated) {
      const std::vector<std::string> families = families_of(violated);
      const bool met = std::any_of(families.begin(), families.end(),
                                   [&](const auto& family) { return any_starts_with(failing_, family); });
      if (!met && !families.empty()) missed.insert(family_of(families.front()));
    }
    for (const std::string& family : missed)
      if (!any_starts_with(failing_, family)) ++a_.families[family].missed;
  }

  Agreement& a_;
  const Label& label_;
  bool answered_;
  std::vector<std::string> failing_, wanted_;
};

// A rule misses what its family misses and what another rule of the family found.
void add_missed_by_rules(Agreement& a, const std::vector<Label>& labels,
                         const std::map<std::string, std::vector<std::string>>& answers) {
  for (const Label& label : labels) {
    if (label.folder.empty() || label.judgement != Judgement::illegal) continue;
    const auto answer = answers.find(label.folder);
    for (auto& [rule, row] : a.rules) {
      bool named = false;
      for (const std::string& violated : label.violated) named = named || meets(rule, families_of(violated));
      const bool fails = answer != answers.end() &&
                         std::find(answer->second.begin(), answer->second.end(), rule) != answer->second.end();
      if (named && !fails) ++row.missed;
    }
  }
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 1 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string share_text(std::size_t part, std::size_t whole) {
  return whole == 0 ? "-" : fmt::format("{:.3f}", share(part, whole));
}

std::string table(const char* title, const std::map<std::string, Confusion>& rows) {
  if (rows.empty()) return "";
  std::size_t width = std::string_view(title).size();
  for (const auto& [name, row] : rows) width = std::max(width, name.size());
  std::string out = fmt::format("\n{:<{}} {:>6} {:>7} {:>7} {:>7} {:>9} {:>10} {:>7}\n", title, width, "hit", "missed",
                                "beside", "legal", "disputed", "precision", "recall");
  for (const auto& [name, row] : rows)
    out +=
        fmt::format("{:<{}} {:>6} {:>7} {:>7} {:>7} {:>9} {:>10} {:>7}\n", name, width, row.hit, row.missed, row.beside,
                    row.wronged, row.disputed, is_legality(name) ? share_text(row.hit, row.hit + row.wronged) : "-",
                    share_text(row.hit, row.hit + row.missed));
  return out;
}

const char* kind_name(Disagreement::Kind kind) {
  return kind == Disagreement::Kind::missed ? "missed" : "wronged";
}

json confusions(const std::map<std::string, Confusion>& rows) {
  json out = json::object();
  for (const auto& [name, row] : rows)
    out[name] = {{"hit", row.hit},
                 {"missed", row.missed},
                 {"beside", row.beside},
                 {"legal", row.wronged},
                 {"disputed", row.disputed}};
  return out;
}

json strings(const std::vector<std::string>& values) {
  json out = json::array();
  for (const std::string& value : values) out.push_back(to_utf8(value));
  return out;
}

}  // namespace

double Agreement::recall() const {
  return share(found, illegal);
}

double Agreement::precision() const {
  return share(found, found + wronged);
}

std::vector<std::string> failing_rules(const Report& report) {
  std::set<std::string> ids;
  for (const RuleResult& result : report.results)
    if (result.verdict == Verdict::fail && result.severity == Severity::error) ids.insert(result.id);
  return {ids.begin(), ids.end()};
}

Agreement compare(const std::string& file, const std::vector<Label>& labels,
                  const std::map<std::string, std::vector<std::string>>& answers) {
  Agreement a;
  a.file = file;
  a.labels = labels.size();
  for (const Label& label : labels) {
    if (label.folder.empty()) continue;
    ++a.placed;
    const auto answer = answers.find(label.folder);
    Comparison(a, label, answer == answers.end() ? nullptr : &answer->second).count();
  }
  add_missed_by_rules(a, labels, answers);
  return a;
}

std::string agreement_text(const Agreement& a) {
  std::string out = fmt::format(
      "\nagreement with {}: {} labels, {} of folders below the root, {} of these unanswered\n"
      "  illegal found {}/{}; legal wronged {}/{}; disputed or withdrawn failed {}/{}\n"
      "  recall {}; precision {}\n",
      escape_line(a.file, 300), a.labels, a.placed, a.unanswered.size(), a.found, a.illegal, a.wronged, a.legal,
      a.other_failed, a.other, share_text(a.found, a.illegal), share_text(a.found, a.found + a.wronged));
  out += table("family", a.families) + table("rule", a.rules);
  if (!a.disagreements.empty()) out += "\ndisagreements\n";
  for (const Disagreement& d : a.disagreements) {
    std::string failing =
        fmt::format("failing: {}", d.failing.empty() ? "none" : fmt::format("{}", fmt::join(d.failing, ", ")));
    if (!d.answered) failing = "unanswered";
    out +=
        fmt::format("  {:<7} {} ({}: {}): {}\n", kind_name(d.kind), escape_line(d.label.id), escape_line(d.label.word),
                    escape_line(fmt::format("{}", fmt::join(d.label.violated, ", "))), failing);
  }
  if (!a.unanswered.empty()) out += "\nunanswered:";
  for (const std::string& id : a.unanswered) out += " " + escape_line(id);
  return out + (a.unanswered.empty() ? "" : "\n");
}

std::string agreement_json(const Agreement& a) {
  json disagreements = json::array();
  for (const Disagreement& d : a.disagreements)
    disagreements.push_back({{"kind", kind_name(d.kind)},
                             {"id", to_utf8(d.label.id)},
                             {"folder", to_utf8(d.label.folder)},
                             {"line", d.label.line},
                             {"label", to_utf8(d.label.word)},
                             {"violated", strings(d.label.violated)},
                             {"answered", d.answered},
                             {"failing", strings(d.failing)}});
  const json out = {{"schema", "pgverify/agreement/v1"},
                    {"labels_file", to_utf8(a.file)},
                    {"labels", a.labels},
                    {"placed", a.placed},
                    {"illegal", {{"found", a.found}, {"total", a.illegal}}},
                    {"legal", {{"wronged", a.wronged}, {"total", a.legal}}},
                    {"other", {{"failed", a.other_failed}, {"total", a.other}}},
                    {"recall", a.illegal == 0 ? json() : json(a.recall())},
                    {"precision", a.found + a.wronged == 0 ? json() : json(a.precision())},
                    {"unanswered", strings(a.unanswered)},
                    {"families", confusions(a.families)},
                    {"rules", confusions(a.rules)},
                    {"disagreements", disagreements}};
  return canonical_json(out) + "\n";
}

}  // namespace pg::verify
