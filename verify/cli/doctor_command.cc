#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reference/base/file.h"
#include "verify/cli/command.h"
#include "verify/cli/examine.h"
#include "verify/cli/exit_code.h"
#include "verify/cli/output.h"
#include "verify/policy/data_dir.h"
#include "verify/rules/rule.h"

namespace pg::verify {
namespace {

namespace fs = std::filesystem;

class Doctor {
 public:
  void finding(bool good, const std::string& text) {
    fmt::print("{} {}\n", good ? "ok  " : "FAIL", text);
    good_ = good_ && good;
  }

  // The folder for `kind`, where found.
  std::optional<fs::path> folder(DataKind kind, const char* name) {
    const auto found = data_dir(kind);
    finding(found.ok(), fmt::format("{}: {}", name, found ? found->string() : found.error().message));
    return found ? std::optional(*found) : std::nullopt;
  }

  void policies() {
    if (!folder(DataKind::policies, "policies")) return;
    bool has_default = false;
    for (const std::string& name : policy_names()) {
      const auto policy = policy_for(name);
      finding(policy.ok(), policy ? fmt::format("policy {} loads", name) : policy.error().message);
      has_default = has_default || name == kDefaultPolicy;
    }
    finding(has_default, fmt::format("the default policy {} is there", kDefaultPolicy));
  }

  void rules() {
    const auto pages = folder(DataKind::rules, "rule pages");
    finding(!all_rules().empty(), fmt::format("{} rules", all_rules().size()));
    if (!pages) return;
    std::size_t found = 0;
    for (const Rule& rule : all_rules()) {
      std::error_code error;
      if (fs::is_regular_file(*pages / (std::string(rule.id) + ".md"), error))
        ++found;
      else
        finding(false, fmt::format("rule {} has no page", rule.id));
    }
    finding(found == all_rules().size(), fmt::format("{} of {} rules have their page", found, all_rules().size()));
  }

  void schemas() {
    const auto found = folder(DataKind::schemas, "schemas");
    if (!found) return;
    const auto text = read_file(*found / "report-v1.schema.json", 1 << 20);
    const bool parses = text && nlohmann::json::accept(*text);
    finding(parses,
            text ? fmt::format("report-v1.schema.json {}", parses ? "parses" : "is no JSON") : text.error().message);
  }

  int exit_code() const { return good_ ? kExitOk : kExitError; }

 private:
  bool good_ = true;
};

}  // namespace

void add_doctor_command(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("doctor", "Check this installation: data folders, policies, rule pages, schema");
  command->footer("Exit code: 0 if everything is in order, else 2.\n\nExample:\n  pgverify doctor");
  command->callback([&action] {
    action = [] {
      Doctor doctor;
      doctor.policies();
      doctor.rules();
      doctor.schemas();
      return doctor.exit_code();
    };
  });
}

}  // namespace pg::verify
