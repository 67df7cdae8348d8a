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
  return kExitPass;
}

int list_rules() {
  std::size_t width = 0;
  for (const Rule& rule : all_rules()) width = std::max(width, rule.id.size());
  std::string text;
  for (const Rule& rule : all_rules()) text += fmt::format("{:<{}}  {}\n", rule.id, width, rule.title);
  return print(text + fmt::format("{} rules; pgverify explain ID shows one\n", all_rules().size()));
}

std::string to_upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return text;
}

int unknown(const std::string& wanted) {
  std::vector<std::string_view> near;
  for (const Rule& rule : all_rules())
    if (contains_ignore_case(rule.id, wanted)) near.push_back(rule.id);
  complain(
      fmt::format("no rule is called {}; {}", escape_line(wanted, 100),
                  near.empty() ? "`pgverify explain` lists all" : fmt::format("near it: {}", fmt::join(near, ", "))));
  return kExitError;
}

int run(const Options& options) {
  if (options.rule.empty()) return list_rules();
  const std::string id = to_upper(options.rule);
  const Rule* rule = find_rule(id);
  if (rule == nullptr) rule = find_rule("PG-" + id);
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
  return code == kExitPass ? static_cast<int>(kExitError) : code;
}

}  // namespace

void add_explain_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("explain", "Show a rule's page, or list all rules");
  command->add_option("RULE", options->rule, "Rule id, PG- and case may be left out");
  command->add_option("--color", options->color, "Colours: auto, always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  command->footer("Examples:\n  pgverify explain\n  pgverify explain PG-SIZE-CAP\n  pgverify explain size-cap");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
