#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "reference/base/decimal.h"
#include "reference/base/text.h"
#include "verify/cli/command.h"
#include "verify/cli/examine.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/cli/sample_argument.h"
#include "verify/report/canonical.h"
#include "verify/report/rerun.h"
#include "verify/report/statistics.h"

namespace pg::verify {
namespace {

using nlohmann::json;

struct Options {
  std::string new_runs, old_runs, unit, values = "bpb", test, spending = "obrien-fleming";
  std::optional<double> bar, margin, alpha, ratio;
  std::vector<int> plan;
  bool rerun = false;
  std::string policy{kDefaultPolicy}, format = "text", output, color = "auto";
};

// What the command works on, once every argument is known to be good.
struct Request {
  StatisticsPolicy policy;
  std::string policy_name;
  stats::Unit values = stats::Unit::bpb;
  std::optional<SeedSample> new_sample, old_sample;
  std::string alpha_from;  // where the deciding reading has its level from
};

constexpr const char* kRatioHint = "for plain numbers --ratio R gives it";

// What options say that does not go together; empty: nothing.
std::string contradiction(const Options& o) {
  if (o.bar && o.test == "welch")
    return "--bar is one fixed number, and Welch's test needs runs on both sides: leave --test away for the one-sample "
           "test, or give the runs to beat with --old";
  if (o.rerun && o.bar) return "--rerun compares with the runs of a claim: give them with --old instead of --bar";
  if (o.rerun && !o.test.empty())
    return "--rerun has tests of its own (two one-sided Welch tests for agreement, a two-sided one for a difference): "
           "leave --test away";
  if (!o.new_runs.empty() && o.old_runs.empty() == !o.bar) return "--new needs --old or --bar, and not both";
  if (o.new_runs.empty() && !o.old_runs.empty()) return "--old needs --new: the runs that are compared with it";
  return "";
}

// --margin, --unit, --alpha, --test and --bar make a reading of their own, which then decides.
Status add_reading(const Options& o, Request& request) {
  if (!o.margin && !o.alpha && o.unit.empty() && o.test.empty() && !o.bar) return {};
  StatisticsReading reading;
  reading.name = "asked";
  reading.title = "as asked on the command line";
  reading.margin = o.margin.value_or(0);
  reading.alpha = o.alpha.value_or(0.01);
  reading.unit = request.values;
  if (!o.unit.empty()) {
    const auto unit = stats::parse_unit(o.unit);
    if (!unit)
      return Error{
          fmt::format("unknown --unit \"{}\": bpb, nats/token or nats/byte (the README's \"nats\" does not say "
                      "per what)",
                      escape_line(o.unit))};
    reading.unit = *unit;
  }
  reading.test = o.test == "fixed_sigma"           ? StatTest::fixed_sigma
                 : o.bar || o.test == "one_sample" ? StatTest::one_sample
                                                   : StatTest::welch;
  request.policy.readings.push_back(reading);
  request.policy.decides = request.policy.readings.size() - 1;
  return {};
}

Status load_samples(const Options& o, Request& request) {
  if (o.new_runs.empty()) return {};
  auto loaded = sample_argument(o.new_runs, o.ratio);
  if (!loaded) return Error{"--new: " + loaded.error().message};
  request.new_sample = std::move(*loaded);
  if (o.bar) {
    if (const std::string problem = score_problem(*o.bar); !problem.empty())
      return Error{fmt::format("--bar {:g} {}", *o.bar, problem)};
  } else {
    auto old = sample_argument(o.old_runs, o.ratio);
    if (!old) return Error{"--old: " + old.error().message};
    request.old_sample = std::move(*old);
  }
  const auto from_folder = [](const std::optional<SeedSample>& s) {
    return s.has_value() && s->source != SeedSample::Source::given;
  };
  if (request.values != stats::Unit::bpb && (from_folder(request.new_sample) || from_folder(request.old_sample)))
    return Error{"--values is the unit of numbers; a folder's scores are bpb"};
  return {};
}

std::string alpha_from(const Options& o, const Request& request) {
  const StatisticsReading& reading = request.policy.deciding();
  if (reading.name != "asked")
    return fmt::format("the level of the reading \"{}\", which decides under the policy {} ({})",
                       escape_line(reading.name, 60), escape_line(request.policy_name, 60),
                       escape_line(reading.title, 200));
  return o.alpha ? "--alpha" : "the default beside --margin, --unit, --test or --bar";
}

Result<Request> prepare(const Options& o) {
  Request request;
  if (const std::string problem = contradiction(o); !problem.empty()) return Error{problem};
  const auto policy = policy_for(o.policy);
  if (!policy) return policy.error();
  if (!policy->statistics)
    return Error{fmt::format("policy {} says nothing about gains: it has no \"statistics\"", policy->name)};
  request.policy = *policy->statistics;
  request.policy_name = policy->name;
  const auto values = stats::parse_unit(o.values);
  if (!values)
    return Error{fmt::format("unknown --values \"{}\": bpb, nats/token or nats/byte", escape_line(o.values))};
  request.values = *values;
  if (const Status loaded = load_samples(o, request); !loaded) return loaded.error();
  if (const Status added = add_reading(o, request); !added) return added.error();
  if (!request.new_sample && (o.plan.empty() || o.rerun))
    return Error{"nothing to do: --new A --old B compares, --plan 3,6,10 plans reruns (see --help)"};
  request.alpha_from = alpha_from(o, request);
  if (o.rerun) {
    auto& e = request.policy.equivalence;
    const StatisticsReading& asked = request.policy.deciding();
    if (o.margin) e.margin = asked.margin;
    if (o.margin || !o.unit.empty()) e.unit = asked.unit;
    if (o.alpha) e.alpha = asked.alpha;
  }
  return request;
}

void hint_at_ratio(Significance& s) {
  const auto needs = [](const ReadingOutcome& r) { return r.outcome.code == stats::Code::unit; };
  if (std::none_of(s.readings.begin(), s.readings.end(), needs)) return;
  if (needs(s.deciding())) s.readings[s.decides].outcome.reason += fmt::format("; {}", kRatioHint);
  s.notes.push_back(
      fmt::format("margins in another unit need val_loss / val_bpb of the runs: {}, such as 2.5831", kRatioHint));
}

struct Answer {
  json value;
  std::string text;
  Verdict verdict = Verdict::pass;
};

Answer answer(const Options& o, const Request& request, bool color) {
  Answer a;
  Layout out(color);
  a.value = {{"schema", "pgverify/stats/v1"},
             {"policy", request.policy_name},
             {"comparison", nullptr},
             {"rerun", nullptr},
             {"plan", nullptr}};
  std::optional<Significance> comparison;
  const bool numbers = request.new_sample && request.new_sample->source == SeedSample::Source::given;
  if (o.rerun) {
    RerunCheck check =
        check_rerun(*request.new_sample, *request.old_sample, request.policy.equivalence, request.values);
    if (numbers && check.outcome.code == stats::Code::unit)
      check.outcome.reason += fmt::format(
          "; {}, or ask for a margin in their own unit, such as --margin 0.002 --unit "
          "{}",
          kRatioHint, to_string(request.values));
    a.value["rerun"] = rerun_json(check);
    a.verdict = check.verdict();
    write_rerun(out, check);
  } else if (request.new_sample) {
    comparison = o.bar ? compare_with_bar(*request.new_sample, *o.bar, request.policy, request.values)
                       : compare(*request.new_sample, *request.old_sample, request.policy, request.values);
    if (numbers && !o.ratio) hint_at_ratio(*comparison);
    a.value["comparison"] = significance_json(*comparison);
    a.verdict = comparison->verdict();
    write_significance(out, *comparison);
  }
  if (!o.plan.empty()) {
    const auto spending = o.spending == "bonferroni" ? stats::Spending::bonferroni : stats::Spending::obrien_fleming;
    PlannedLook planned = plan_reruns(o.plan, spending, request.policy.deciding(), comparison);
    planned.alpha_from = request.alpha_from;
    a.value["plan"] = plan_json(planned);
    if (comparison) a.verdict = planned.verdict();
    write_plan(out, planned);
    if (!planned.plan.outcome) a.verdict = Verdict::inconclusive;
  }
  a.value["verdict"] = to_string(a.verdict);
  a.text = out.take();
  return a;
}

int run(const Options& o) {
  const auto give_up = [](const std::string& message) {
    complain(message);
    return kExitError;
  };
  const auto request = prepare(o);
  if (!request) return give_up(request.error().message);
  Output out;
  if (const Status opened = out.open(o.output); !opened) return give_up(opened.error().message);
  const Answer a = answer(o, *request, use_color(o.color, out.to_stdout()));
  if (const Status written = out.write(o.format == "json" ? canonical_json(a.value) + "\n" : a.text); !written)
    return give_up(written.error().message);
  if (const Status finished = out.finish(); !finished) return give_up(finished.error().message);
  return exit_code(a.verdict);
}

// CLI::Range lets "nan" through.
std::string finite(const std::string& text) {
  const auto number = parse_decimal(text);
  return number && std::isfinite(number->value) ? "" : fmt::format("{} is no finite number", escape_line(text, 60));
}

std::string not_empty(const std::string& text) {
  return trim(text).empty() ? "is empty: give a submission folder, a file of numbers, or numbers such as 1.0793,1.0800"
                            : "";
}

// What is compared.
void add_samples(CLI::App& command, Options& o) {
  command
      .add_option("--new", o.new_runs, "The runs that claim a gain: a submission folder, a file of numbers, or a,b,c")
      ->type_name("A")
      ->check(not_empty);
  command.add_option("--old", o.old_runs, "The runs they are compared with, likewise")
      ->type_name("B")
      ->check(not_empty);
  command
      .add_option("--bar", o.bar,
                  "Instead of --old: a fixed number to beat, free of error. One-sample t test, or z with --test\n"
                  "fixed_sigma")
      ->type_name("X")
      ->check(finite);
  command.add_option("--values", o.values, "Unit of numbers that are no folder")->capture_default_str();
  command
      .add_option("--ratio", o.ratio,
                  "val_loss / val_bpb of numbers that are no folder, to convert nats/token by;\n"
                  "--rerun of numbers needs it, because the policy's margin is in nats/token")
      ->check(finite)
      ->check(CLI::Range(1e-3, 1e3));
}

// How, and where the answer goes.
void add_options(CLI::App& command, Options& o) {
  command
      .add_option("--margin", o.margin,
                  "The gain that does not count yet; with this the policy's reading does not decide")
      ->check(finite)
      ->check(CLI::Range(0.0, 100.0));
  command.add_option("--unit", o.unit, "Of the margin: bpb, nats/token, nats/byte");
  command
      .add_option("--alpha", o.alpha,
                  "Level; else that of the policy's deciding reading (0.25 under practice-2026-04), or 0.01 where\n"
                  "--margin, --unit, --test or --bar replace that reading")
      ->check(finite)
      ->check(CLI::Range(1e-12, 0.5));
  command
      .add_option("--test", o.test,
                  "welch (not with --bar), one_sample (the old mean as a fixed bar), fixed_sigma (z, policy's sigma)")
      ->check(CLI::IsMember({"welch", "one_sample", "fixed_sigma"}));
  command.add_flag("--rerun", o.rerun, "--new is a rerun of the claim --old: does it agree with it?");
  command
      .add_option("--plan", o.plan,
                  "Rerun plan: cumulative seeds at which one looks, e.g. 3,6,10. Spends the level of --alpha")
      ->delimiter(',')
      ->type_name("N,N...");
  command.add_option("--spending", o.spending, "How a plan spends alpha: obrien-fleming or bonferroni")
      ->check(CLI::IsMember({"obrien-fleming", "bonferroni"}))
      ->capture_default_str();
  command.add_option("--policy", o.policy, "Rule set with the readings")->capture_default_str();
  command.add_option("--format", o.format, "text or json (pgverify/stats/v1)")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command.add_option("-o,--output", o.output, "Write (replace) FILE instead of stdout")->type_name("FILE");
  command.add_option("--color", o.color, "auto, always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

}  // namespace

void add_stats_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("stats", "Is a gain real? Every published reading of the rule, power, reruns, rerun plans");
  add_samples(*command, *options);
  add_options(*command, *options);
  command->footer(
      "Exit code: 0 the gain is shown (a rerun agrees or is better), 1 it is not (a rerun is worse), 2 usage or\n"
      "internal error, 3 cannot tell.\n\n"
      "Examples:\n"
      "  pgverify stats --new DIR --old records/track_10min_16mb/2026-04-09_Record\n"
      "  pgverify stats --new 1.0793,1.0800,1.0802 --old 1.0808,1.0810,1.0812 --margin 0.005 --unit nats/token --ratio "
      "2.5831\n"
      "  pgverify stats --new losses.txt --bar 3.28 --values nats/token\n"
      "  pgverify stats --rerun --new RERUN_DIR --old DIR\n"
      "  pgverify stats --rerun --new 1.0794,1.0801 --old 1.0793,1.0800,1.0802 --ratio 2.5831\n"
      "  pgverify stats --plan 3,6,10 --margin 0.005 --unit nats/token");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace pg::verify
