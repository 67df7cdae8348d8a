#include "verify/report/sarif.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/report/escape.h"
#include "verify/report/sarif_artifacts.h"
#include "verify/report/words.h"

namespace pg::verify {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxText = 2'000;   // code points of a message's parts
constexpr std::size_t kMaxSnippet = 500;  // and of a quoted line
constexpr std::size_t kMaxNotices = 1'000;

const char* level_of(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

std::string collapsed(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 4096)) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// What identifies a finding whatever its line: where it has no place, its message without the numbers.
std::string identity(const RuleResult& r) {
  if (!r.evidence.empty() && !r.evidence[0].text.empty())
    return fmt::format("{}\n{}\n{}", r.id, r.evidence[0].file.substr(0, 4096), collapsed(r.evidence[0].text));
  std::string words;
  for (const char c : r.message.substr(0, 4096))
    if (c < '0' || c > '9') words += c;
  return fmt::format("{}\n{}\n{}", r.id, r.evidence.empty() ? "" : r.evidence[0].file.substr(0, 4096),
                     collapsed(words));
}

json rule_json(const RuleInfo& rule, const std::string& docs_url) {
  std::vector<std::string> tags = {rule_family(rule.id), "parameter-golf"};
  if (tags.size() > kMaxSarifTags) tags.resize(kMaxSarifTags);
  json out = {{"id", rule.id},
              {"shortDescription", {{"text", escape_sarif(rule.title)}}},
              {"fullDescription", {{"text", escape_sarif(rule.decides)}}},
              {"help",
               {{"text", escape_sarif(fmt::format("{}\n\nNot meant by a verdict: {}\n\nMore: pgverify explain {}",
                                                  rule.decides, rule.not_meaning, rule.id))}}},
              {"properties", {{"tags", tags}}}};
  if (const std::string url = rule_page_url(docs_url, rule.id); !url.empty()) out["helpUri"] = url;
  return out;
}

// The message in one text: the cause, the quantities, the way out.
std::string message_text(const RuleResult& r) {
  std::string text = escape_sarif(escape_line(r.message, kMaxText));
  if (r.verdict == Verdict::inconclusive) text = "Cannot be decided: " + text;
  if (const std::string q = quantities_in_words(r); !q.empty()) text += "\n" + escape_sarif(q);
  if (!r.help.empty()) text += "\nFix: " + escape_sarif(escape_line(r.help, kMaxText));
  return text;
}

json region(std::uint32_t line, const std::string& text) {
  json out = {{"startLine", line}};
  if (!text.empty()) out["snippet"] = {{"text", escape_line(text, kMaxSnippet)}};
  return out;
}

}  // namespace

std::string finding_fingerprint(std::string_view folder_name, const RuleResult& result, std::size_t ordinal) {
  return fmt::format("{}:{}", sha256_hex(fmt::format("{}\n{}", folder_name, identity(result))).substr(0, 32), ordinal);
}

struct SarifLog::State {
  struct Result {
    int gravity;
    json value;
  };
  std::string docs_url;
  json rules = json::array();
  std::map<std::string, std::size_t> rule_index;
  std::vector<Result> results;
  SarifArtifacts artifacts;
  json notices = json::array();
  std::size_t dropped_results = 0, dropped_locations = 0, folders = 0, unreadable = 0;
  std::string policy;
  std::map<std::string, std::size_t> seen;  // per folder name and identity: folders of one name share its count

  void prune(std::size_t max);
  void note(const char* level, const std::string& text);
  void add_result(const Report& report, const RuleResult& r, std::size_t ordinal);
  void add_locations(const Report& report, const RuleResult& r, json& result);
};

SarifLog::SarifLog(const std::vector<RuleInfo>& rules, std::string docs_url) : state_(std::make_unique<State>()) {
  state_->docs_url = std::move(docs_url);
  for (const RuleInfo& rule : rules) {
    state_->rule_index[rule.id] = state_->rules.size();
    state_->rules.push_back(rule_json(rule, state_->docs_url));
  }
}

SarifLog::~SarifLog() = default;

// Keeps the gravest `max` results, in the order of the reports.
void SarifLog::State::prune(std::size_t max) {
  if (results.size() <= max) return;
  std::vector<int> order;
  for (const Result& r : results) order.push_back(r.gravity);
  std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(max), order.end());
  const int edge = order[max];  // below it all stay, of it as many as fit
  std::size_t room = max - static_cast<std::size_t>(std::count_if(results.begin(), results.end(),
                                                                  [&](auto& r) { return r.gravity < edge; }));
  std::vector<Result> kept;
  for (Result& r : results)
    if (r.gravity < edge || (r.gravity == edge && room > 0 && room-- > 0)) kept.push_back(std::move(r));
  dropped_results += results.size() - kept.size();
  results = std::move(kept);
}

void SarifLog::State::note(const char* level, const std::string& text) {
  if (notices.size() < kMaxNotices) notices.push_back({{"level", level}, {"message", {{"text", text}}}});
}

void SarifLog::State::add_locations(const Report& report, const RuleResult& r, json& result) {
  json related = json::array();
  std::size_t room = kMaxSarifLocations;
  std::string links;
  for (const Evidence& e : r.evidence) {
    if (!is_shipped(report, e.file)) continue;
    const std::size_t needed = e.decoded_line > 0 ? 2 : 1;
    if (needed > room) {
      ++dropped_locations;
      continue;
    }
    room -= needed;
    json shipped = {{"physicalLocation", {{"artifactLocation", artifacts.shipped(report, e.file)}}}};
    if (e.line > 0) shipped["physicalLocation"]["region"] = region(e.line, e.text);
    if (!result.contains("locations")) {
      result["locations"] = json::array({std::move(shipped)});
    } else {
      shipped["id"] = related.size() + 1;
      related.push_back(std::move(shipped));
    }
    if (e.decoded_line == 0) continue;
    const std::size_t id = related.size() + 1;
    if (links.empty())  // GitHub shows a related location only where the message links to it
      links = fmt::format("\nDecoded source: [line {}]({})", e.decoded_line, id);
    related.push_back(
        {{"id", id},
         {"message", {{"text", "the same place in the decoded source"}}},
         {"physicalLocation",
          {{"artifactLocation", artifacts.decoded(report, e.file)}, {"region", region(e.decoded_line, e.text)}}}});
  }
  if (!related.empty()) result["relatedLocations"] = std::move(related);
  // A result without a place belongs to the folder; viewers that need a file take its submission.json.
  if (!result.contains("locations"))
    result["locations"] =
        json::array({{{"physicalLocation",
                       {{"artifactLocation", artifacts.shipped(report, report.submission.metadata.path.empty()
                                                                           ? ""
                                                                           : report.submission.metadata.path)}}}}});
  result["message"] = {{"text", message_text(r) + links}};
}

void SarifLog::State::add_result(const Report& report, const RuleResult& r, std::size_t ordinal) {
  const bool open = r.verdict == Verdict::inconclusive;
  json result = {{"ruleId", r.id},
                 {"kind", open ? "open" : "fail"},
                 {"level", open ? "none" : level_of(r.severity)},
                 {"partialFingerprints", {{"pgverify/v1", finding_fingerprint(report.submission.name, r, ordinal)}}},
                 {"properties", {{"verdict", to_string(r.verdict)}, {"severity", to_string(r.severity)}}}};
  if (const auto it = rule_index.find(r.id); it != rule_index.end()) result["ruleIndex"] = it->second;
  const std::pair<const char*, const std::string*> quantities[] = {
      {"observed", &r.observed}, {"required", &r.required}, {"margin", &r.margin}};
  for (const auto& [name, text] : quantities)
    if (!text->empty()) result["properties"][name] = escape_line(*text, kMaxSnippet);
  add_locations(report, r, result);
  results.push_back({gravity(r.verdict, r.severity), std::move(result)});
}

void SarifLog::add(const Report& report) {
  State& s = *state_;
  ++s.folders;
  s.policy = escape_line(report.policy.name, 40);
  if (!report.error.empty()) {
    ++s.unreadable;
    s.note("error", escape_sarif(escape_line(
                        fmt::format("{} was not examined: {}", report.submission.name, report.error), kMaxText)));
    return;
  }
  for (const RuleResult* r : findings(report)) {
    if (r->verdict == Verdict::inconclusive && r->severity == Severity::info) continue;  // read, nothing found
    s.add_result(report, *r, ++s.seen[sha256_hex(report.submission.name + '\n' + identity(*r))]);
  }
  if (s.results.size() > 2 * kMaxSarifResults) s.prune(kMaxSarifResults);
}

std::string SarifLog::take() {
  State& s = *state_;
  s.prune(kMaxSarifResults);
  if (s.dropped_results > 0)
    s.note("warning", fmt::format("{} results were left out, the lightest: GitHub takes {} per run", s.dropped_results,
                                  kMaxSarifResults));
  if (s.dropped_locations > 0)
    s.note("warning",
           fmt::format("{} places were left out: GitHub takes {} per result", s.dropped_locations, kMaxSarifLocations));
  if (s.artifacts.contents_left_out() > 0)
    s.note("note",
           fmt::format("the text of {} decoded sources was left out for its size", s.artifacts.contents_left_out()));
  json results = json::array();
  for (State::Result& r : s.results) results.push_back(std::move(r.value));
  json invocation = {{"executionSuccessful", s.unreadable == 0}};
  if (!s.notices.empty()) invocation["toolExecutionNotifications"] = std::move(s.notices);
  json driver = {
      {"name", "pgverify"}, {"version", PG_VERSION}, {"semanticVersion", PG_VERSION}, {"rules", std::move(s.rules)}};
  if (!s.docs_url.empty()) driver["informationUri"] = s.docs_url;
  json run = {{"tool", {{"driver", std::move(driver)}}},
              {"automationDetails", {{"id", fmt::format("pgverify/{}/", s.policy)}}},
              {"columnKind", "unicodeCodePoints"},
              {"originalUriBaseIds", SarifArtifacts::bases()},
              {"invocations", json::array({std::move(invocation)})},
              {"artifacts", s.artifacts.take()},
              {"results", std::move(results)}};
  const json log = {
      {"$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", json::array({std::move(run)})}};
  return log.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pg::verify
