#include "verify/rules/data_network.h"

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-DATA-NETWORK";
using Kind = py::Finding::Kind;

std::vector<RuleResult> check(const Submission& s, const Policy&) {
  return judge_source(
      kId, s,
      {
          {Kind::late_network, true,
           "the network is used behind the training loop: the evaluation may not download anything",
           "Put what the evaluation needs into the artifact."},
          {Kind::network_used, false,
           "the script uses the network; data may be fetched ahead of the run only, and a rerun has no network",
           "Fetch data in a script of its own, ahead of the run."},
      });
}

}  // namespace

const Rule kRuleDataNetwork{kId, "network", "The script runs without a network; nothing is fetched in the evaluation.",
                            "It is read from the source, not run: downloads inside libraries are not seen.", check};

}  // namespace pg::verify
