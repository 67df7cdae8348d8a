#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/cli/page.h"
#include "verify/policy/data_dir.h"
#include "verify/report/layout.h"
#include "verify/rules/rule.h"

namespace pg::verify {
namespace {

constexpr std::uint64_t kMaxPageBytes = 1 << 20;

struct Options {
  std::string rule, color = "auto";
};

int print(const std::string& text) {
  Output out;
  for (const Status& status : {out.write(text), out.finish()})
    if (!status) {
      complain(status.error().message);
      return kExitError;
    }
  return kExitOk;
}

std::string to_upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return text;
}

int list_rules(const std::vector<const Rule*>& rules, const std::string& closing) {
  std::size_t width = 0;
  for (const Rule* rule : rules) width = std::max(width, rule->id.size());
  std::string text;
  for (const Rule* rule : rules) text += fmt::format("{:<{}}  {}\n", rule->id, width, rule->title);
  return print(text + closing);
}

// The rules whose ids begin with `family`: "PG-C3", and without "PG-".
std::vector<const Rule*> family_of(const std::string& family) {
  std::vector<const Rule*> out;
  for (const Rule& rule : all_rules())
    if (rule.id.starts_with(family + "-") || rule.id.starts_with("PG-" + family + "-")) out.push_back(&rule);
  return out;
}

// Letters to insert, delete or replace until `a` is `b` (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t k = 0; k <= b.size(); ++k) row[k] = k;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      diagonal = row[k];
      row[k] = std::min({row[k] + 1, row[k - 1] + 1, replaced});
    }
  }
  return row.back();
}

constexpr std::size_t kMaxNear = 5, kMaxIdLength = 60;

// Rules that may have been meant, nearest first: a few letters off, or with the text in them.
std::vector<std::string_view> near_rules(const std::string& wanted) {
  std::vector<std::pair<std::size_t, std::string_view>> near;
  if (wanted.empty() || wanted.size() > kMaxIdLength) return {};
  const std::string id = to_upper(wanted);
  for (const Rule& rule : all_rules()) {
    const std::string_view bare = rule.id.substr(std::string_view("PG-").size());
    const std::size_t off = std::min(distance(id, rule.id), distance(id, bare));
    if (contains_ignore_case(rule.id, wanted))
      near.emplace_back(0, rule.id);
    else if (off <= 2 + id.size() / 6 && off < id.size())
      near.emplace_back(off, rule.id);
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  if (near.size() > kMaxNear) near.resize(kMaxNear);
  std::vector<std::string_view> out;
  for (const auto& [off, found] : near) out.push_back(found);
  return out;
}

int unknown(const std::string& wanted) {
  const auto near = near_rules(wanted);
  complain(
      fmt::format("no rule is called {}; {}", escape_line(wanted, 100),
                  near.empty() ? "`pgverify explain` lists all" : fmt::format("near it: {}", fmt::join(near, ", "))));
  return kExitError;
}

int list_all() {
  std::vector<const Rule*> rules;
  for (const Rule& rule : all_rules()) rules.push_back(&rule);
  return list_rules(rules, fmt::format("{} rules; pgverify explain ID shows one\n", rules.size()));
}

int run(const Options& options) {
  if (options.rule.empty()) return list_all();
  const std::string id = to_upper(options.rule);
  const Rule* rule = find_rule(id);
  if (rule == nullptr) rule = find_rule("PG-" + id);
  if (const auto family = family_of(id); rule == nullptr && !family.empty())
    return list_rules(family, fmt::format("{} rule{} of {}; pgverify explain ID shows one\n", family.size(),
                                          family.size() == 1 ? "" : "s", escape_line(id, 60)));
  if (rule == nullptr) return unknown(options.rule);
  const bool color = use_color(options.color, true);
  const auto folder = data_dir(DataKind::rules);
  if (folder) {
    const auto page = read_file(*folder / (std::string(rule->id) + ".md"), kMaxPageBytes);
    if (page) return print(render_page(*page, color));
    complain(page.error().message);
  } else {
    complain(folder.error().message);
  }
  // Without its page the rule still says the essentials.
  Layout out(color);
  out.line(out.styled(fmt::format("{}: {}", rule->id, rule->title), Style::strong));
  out.indented(fmt::format("What it decides: {}", rule->decides), 0);
  out.indented(fmt::format("What it does not mean: {}", rule->not_meaning), 0);
  const int code = print(out.take());
  return code == kExitOk ? static_cast<int>(kExitError) : code;
}

}  // namespace

void add_explain_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("explain", "Show a rule's page, or list all rules");
  command->add_option("RULE", options->rule,
                      "Rule id, PG- and case may be left out; of a family such as PG-C3 its rules are listed");
  command->add_option("--color", options->color, "Colours: auto, always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  command->footer(
      "Examples:\n  pgverify explain\n  pgverify explain PG-SIZE-CAP\n  pgverify explain size-cap\n  pgverify explain "
      "C3");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
