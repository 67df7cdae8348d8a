#include "reference/train/submission_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <ctime>

#include "reference/base/file.h"
#include "reference/base/text.h"

namespace pg::train {
namespace {

std::string title(const Submission& s) {
  return fmt::format("{}, seed {}: {:.4f} bits per byte", s.preset, s.seed, s.results.back().val_bpb);
}

std::string readme(const Submission& s) {
  std::string text = fmt::format(
      "# {}\n\nA run of the preset `{}` by `pgref train`: {} parameters, {} steps in {:.1f} s of training on {}"
      "{}.\n\n| evaluation | val_loss (nats) | val_bpb | targets |\n| --- | --- | --- | --- |\n",
      title(s), s.preset, with_commas(s.parameters), with_commas(s.steps), s.train_time_ms / 1000, s.hardware,
      s.processes > 1 ? fmt::format(", {} processes", s.processes) : "");
  for (const Evaluation& r : s.results)
    text += fmt::format("| {}{} | {:.8f} | {:.8f} | {} |\n", r.name,
                        r.stride > 0 ? fmt::format(", stride {}", r.stride) : "", r.val_loss, r.val_bpb,
                        with_commas(r.targets));
  text += fmt::format(
      "\nThe last row is the claim. Bytes counted: {} of model (`final_model.safetensors`, not quantized) and {} of "
      "code "
      "(`train_gpt.py`).\n"
      "`final_model.pt` holds the same weights for `torch.load`. The program `pgref` itself is not among the bytes.\n\n"
      "`train_gpt.py` carries all settings and makes the run again: `python3 train_gpt.py --data DIR --out DIR`. The "
      "log "
      "is `{}`.\n",
      with_commas(static_cast<std::int64_t>(s.model_bytes)), with_commas(static_cast<std::int64_t>(s.code_bytes)),
      s.log_name);
  return text;
}

nlohmann::ordered_json metadata(const Submission& s) {
  const Evaluation& claim = s.results.back();
  const std::time_t now = std::time(nullptr);
  nlohmann::ordered_json j;
  j["author"] = s.author;
  j["github_id"] = s.github_id;
  j["name"] = title(s);
  j["blurb"] = fmt::format("Preset {} of pgref, weights not quantized.", s.preset);
  j["date"] = fmt::format("{:%Y-%m-%d}", fmt::gmtime(now));
  // As the log prints them.
  j["val_loss"] = std::round(claim.val_loss * 1e8) / 1e8;
  j["val_bpb"] = std::round(claim.val_bpb * 1e8) / 1e8;
  j["seeds"] = {s.seed};
  j["bytes_total"] = s.model_bytes + s.code_bytes;
  j["bytes_code"] = s.code_bytes;
  j["step_stop"] = s.steps;
  j["wallclock_seconds"] = std::round(s.train_time_ms) / 1000;
  j["hardware"] = s.hardware;
  j["model_params"] = s.parameters;
  return j;
}

}  // namespace

std::string launcher_script(const nlohmann::json& settings, std::uint64_t seed) {
  return fmt::format(
      "\"\"\"Makes this run again with pgref, which has to be on the PATH: python3 train_gpt.py [--data DIR] --out "
      "DIR\"\"\"\n"
      "import json\nimport os\nimport subprocess\nimport sys\nimport tempfile\n\n"
      "SEED = {}\nPRESET = json.loads(r\"\"\"\n{}\n\"\"\")\n\n"
      "with tempfile.TemporaryDirectory() as folder:\n"
      "    preset = os.path.join(folder, \"preset.json\")\n"
      "    with open(preset, \"w\") as file:\n"
      "        json.dump(PRESET, file)\n"
      "    sys.exit(subprocess.run([\"pgref\", \"train\", \"--preset\", preset, \"--seed\", str(SEED), "
      "*sys.argv[1:]]).returncode)\n",
      seed, settings.dump(1));
}

Status write_submission(const std::filesystem::path& folder, const Submission& s) {
  const std::string script = launcher_script(s.settings, s.seed);
  if (const Status status = write_file_atomic(folder / "train_gpt.py", script); !status) return status;
  if (const Status status = write_file_atomic(folder / "README.md", readme(s)); !status) return status;
  return write_file_atomic(folder / "submission.json", metadata(s).dump(2) + "\n");
}

}  // namespace pg::train
