#include "verify/report/rerun.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/report/canonical.h"
#include "verify/report/statistics.h"

namespace pg::verify {
namespace {

using nlohmann::json;
using stats::Agreement;

std::string settings_digest(const PlannedLook& planned) {
  json looks = json::array();
  for (const stats::Look& look : planned.plan.looks) looks.push_back(look.seeds);
  const json settings = {{"schema", "pgverify/plan/v1"},
                         {"spending", to_string(planned.plan.spending)},
                         {"looks", std::move(looks)},
                         {"alpha", planned.plan.alpha},
                         {"test", to_string(planned.reading.test)},
                         {"margin", planned.reading.margin},
                         {"unit", to_string(planned.reading.unit)}};
  return sha256_hex(canonical_json(settings));
}

std::string means_text(const SeedSample& sample) {
  const stats::Moments m = stats::moments(sample.bpb());
  return fmt::format("{}: {} {} score{}, mean {:.8f}{}", escape_line(sample.name, 60), m.n, to_string(sample.source),
                     m.n == 1 ? "" : "s", m.mean, m.n > 1 ? fmt::format(", std {:.6f}", m.sd) : "");
}

const char* explained(Agreement agreement) {
  switch (agreement) {
    case Agreement::consistent:
      return "the rerun agrees with the claim to within the margin";
    case Agreement::better:
      return "the rerun scores lower than the claim";
    case Agreement::worse:
      return "the rerun scores higher than the claim";
    case Agreement::underpowered:
      return "too few or too scattered runs to show either agreement or difference";
  }
  return "";
}

}  // namespace

Verdict RerunCheck::verdict() const {
  if (!outcome) return Verdict::inconclusive;
  switch (result.agreement) {
    case Agreement::consistent:
    case Agreement::better:
      return Verdict::pass;
    case Agreement::worse:
      return Verdict::fail;
    case Agreement::underpowered:
      return Verdict::inconclusive;
  }
  return Verdict::inconclusive;
}

RerunCheck check_rerun(const SeedSample& rerun, const SeedSample& claim, const StatisticsPolicy::Equivalence& wanted,
                       stats::Unit unit) {
  RerunCheck check{rerun, claim, unit, wanted, {}, {}, {}};
  for (const SeedSample* sample : {&rerun, &claim})
    if (!sample->objections.empty()) {
      check.outcome = {sample->mixed ? stats::Code::mixed : stats::Code::duplicate,
                       fmt::format("{}: {}", sample->name, fmt::join(sample->objections, "; "))};
      return check;
    }
  if (rerun.ratio && claim.ratio && !stats::same_ratio(*rerun.ratio, *claim.ratio)) {
    check.outcome = {stats::Code::mixed,
                     fmt::format("val_loss / val_bpb is {:.6f} in the rerun and {:.6f} in the claim: a rerun uses the "
                                 "claim's tokenizer and validation data",
                                 *rerun.ratio, *claim.ratio)};
    return check;
  }
  const auto margin = stats::convert(wanted.margin, wanted.unit, unit, rerun.ratio ? rerun.ratio : claim.ratio);
  if (!margin) {
    check.outcome = {stats::Code::unit, margin.error().message};
    return check;
  }
  check.margin = *margin;
  check.result = stats::equivalence(rerun.bpb(), claim.bpb(), *margin, wanted.alpha);
  check.outcome = check.result.outcome;
  return check;
}

Verdict PlannedLook::verdict() const {
  if (!plan.outcome || !look || (comparison && comparison->verdict() == Verdict::inconclusive))
    return Verdict::inconclusive;
  if (passes) return Verdict::pass;
  return *look + 1 == plan.looks.size() ? Verdict::fail : Verdict::inconclusive;
}

PlannedLook plan_reruns(const std::vector<int>& seeds, stats::Spending spending, const StatisticsReading& reading,
                        const std::optional<Significance>& comparison) {
  PlannedLook planned;
  planned.plan = stats::make_plan(seeds, reading.alpha, spending);
  planned.reading = reading;
  if (!planned.plan.outcome) return planned;
  planned.digest = settings_digest(planned);
  planned.comparison = comparison;
  if (!comparison) return planned;
  for (std::size_t i = 0; i < planned.plan.looks.size(); ++i)
    if (static_cast<std::size_t>(planned.plan.looks[i].seeds) == comparison->new_moments.n) planned.look = i;
  const ReadingOutcome& r = comparison->deciding();
  planned.passes = planned.look && r.outcome && r.test.p < planned.plan.looks[*planned.look].p;
  return planned;
}

json rerun_json(const RerunCheck& c) {
  const bool ok = c.outcome.ok();
  const auto number = [&](double value) { return ok ? json(value) : json(); };
  return {{"unit", to_string(c.unit)},
          {"rerun", {{"name", c.rerun.name}, {"scores", c.rerun.bpb()}}},
          {"claim", {{"name", c.claim.name}, {"scores", c.claim.bpb()}}},
          {"margin", c.wanted.margin},
          {"margin_unit", to_string(c.wanted.unit)},
          {"margin_converted", c.margin ? json(*c.margin) : json()},
          {"alpha", c.wanted.alpha},
          {"status", to_string(c.outcome.code)},
          {"reason", ok ? json() : json(c.outcome.reason)},
          {"agreement", ok ? json(to_string(c.result.agreement)) : json()},
          {"delta", number(c.result.difference.delta)},
          {"p_difference", number(c.result.difference.p)},
          {"p_equivalence", number(c.result.p_equivalence)},
          {"interval_low", number(c.result.interval.low)},
          {"interval_high", number(c.result.interval.high)}};
}

json plan_json(const PlannedLook& planned) {
  json looks = json::array();
  for (const stats::Look& look : planned.plan.looks)
    looks.push_back(
        {{"seeds", look.seeds}, {"fraction", look.fraction}, {"spent", look.spent}, {"z", look.z}, {"p", look.p}});
  const bool ok = planned.plan.outcome.ok();
  return {{"status", to_string(planned.plan.outcome.code)},
          {"reason", ok ? json() : json(planned.plan.outcome.reason)},
          {"spending", to_string(planned.plan.spending)},
          {"alpha", planned.plan.alpha},
          {"alpha_from", planned.alpha_from},
          {"test", to_string(planned.reading.test)},
          {"margin", planned.reading.margin},
          {"unit", to_string(planned.reading.unit)},
          {"digest", ok ? json(planned.digest) : json()},
          {"looks", std::move(looks)},
          {"look", planned.look ? json(*planned.look) : json()},
          {"passes", planned.look ? json(planned.passes) : json()}};
}

void write_rerun(Layout& out, const RerunCheck& c) {
  out.field("rerun", means_text(c.rerun));
  out.field("claim", means_text(c.claim));
  if (!c.outcome) {
    out.field("answer", "cannot tell: " + escape_line(c.outcome.reason, 600));
    return;
  }
  const stats::Equivalence& e = c.result;
  out.field("change", fmt::format("{:+.6f} {}; {:g} % interval {:+.6f} to {:+.6f}", e.difference.delta,
                                  to_string(c.unit), 100 * (1 - 2 * c.wanted.alpha), e.interval.low, e.interval.high));
  out.field("margin", fmt::format("{:g} {} = {:.6f} {} either way", c.wanted.margin, to_string(c.wanted.unit),
                                  *c.margin, to_string(c.unit)));
  out.field("tests", fmt::format("inside the margin: p {} (needs below {:g}); different at all: p {} (two-sided Welch)",
                                 p_text(e.p_equivalence), c.wanted.alpha, p_text(e.difference.p)));
  out.field("answer", fmt::format("{}: {}", to_string(e.agreement), explained(e.agreement)));
}

void write_plan(Layout& out, const PlannedLook& planned) {
  if (!planned.plan.outcome) {
    out.field("plan", "none: " + planned.plan.outcome.reason);
    return;
  }
  out.field("plan", fmt::format("{} spending of {:g}, one-sided {}, margin {:g} {}", to_string(planned.plan.spending),
                                planned.plan.alpha, to_string(planned.reading.test), planned.reading.margin,
                                to_string(planned.reading.unit)));
  if (!planned.alpha_from.empty())
    out.field("alpha", fmt::format("{:g} is {}{}", planned.plan.alpha, planned.alpha_from,
                                   planned.alpha_from.starts_with("--alpha") ? "" : "; --alpha sets another"));
  out.line(fmt::format("  {:>5} {:>12} {:>12} {:>9}", "seeds", "stop if p <", "alpha spent", "z"));
  for (const stats::Look& look : planned.plan.looks)
    out.line(fmt::format("  {:>5} {:>12.6g} {:>12.6g} {:>9.4f}{}", look.seeds, look.p, look.spent, look.z,
                         planned.look && &look == &planned.plan.looks[*planned.look] ? "  <- here" : ""));
  out.field("digest", planned.digest + " (of the settings: publish it before the first seed runs)");
  if (!planned.comparison) return;
  const ReadingOutcome& r = planned.comparison->deciding();
  if (!planned.look)
    out.field("answer", fmt::format("none: the plan has no look at {} seeds, and looking in between is what it is "
                                    "there to prevent",
                                    planned.comparison->new_moments.n));
  else if (planned.comparison->verdict() == Verdict::inconclusive)
    out.field("answer", "none: " + escape_line(planned.comparison->reason(), 600));
  else
    out.field("answer", fmt::format("p {} at {} seeds, needs below {:.6g}: {}", p_text(r.test.p),
                                    planned.comparison->new_moments.n, planned.plan.looks[*planned.look].p,
                                    planned.passes ? "the gain is shown, stop"
                                    : *planned.look + 1 == planned.plan.looks.size()
                                        ? "the gain is not shown, the plan is used up"
                                        : "go on to the next look"));
}

}  // namespace pg::verify
