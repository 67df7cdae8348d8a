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
  return fmt::format("{}, seed {}: {:.4f} bits per byte", s.launch.preset, s.launch.seed, s.results.back().val_bpb);
}

// What starts the script.
std::string starter(const Launch& launch) {
  return launch.processes > 1 ? fmt::format("torchrun --nproc-per-node={}", launch.processes) : "python3";
}

std::string readme(const Submission& s) {
  std::string text = fmt::format(
      "# {}\n\nA run of the preset `{}` by `pgref train`: {} parameters, {} steps in {:.1f} s of training on {}"
      "{}.\n\n| evaluation | val_loss (nats) | val_bpb | targets |\n| --- | --- | --- | --- |\n",
      title(s), s.launch.preset, with_commas(s.parameters), with_commas(s.steps), s.train_time_ms / 1000, s.hardware,
      s.launch.processes > 1 ? fmt::format(", {} processes", s.launch.processes) : "");
  for (const Evaluation& r : s.results)
    text += fmt::format("| {}{} | {:.8f} | {:.8f} | {} |\n", r.name,
                        r.stride > 0 ? fmt::format(", stride {}", r.stride) : "", r.val_loss, r.val_bpb,
                        with_commas(r.targets));
  text += fmt::format(
      "\nThe last row is the claim. Bytes counted: {} of model (`final_model.safetensors`, not quantized) and {} of "
      "code (`train_gpt.py`).\n"
      "`final_model.pt` holds the same weights for `torch.load`. The program `pgref` itself is not among the "
      "bytes.\n\n",
      with_commas(static_cast<std::int64_t>(s.model_bytes)), with_commas(static_cast<std::int64_t>(s.code_bytes)));
  text += fmt::format(
      "`train_gpt.py` carries the preset and the options of this run and makes it again with `pgref` and the same\n"
      "data: `{} train_gpt.py --data DIR --out DIR`.{} The log is `{}`.\n",
      starter(s.launch),
      s.launch.replays ? " It replays the steps of `schedule.txt`, because the clock decided them." : "", s.log_name);
  return text;
}

nlohmann::ordered_json metadata(const Submission& s) {
  const Evaluation& claim = s.results.back();
  const std::time_t now = std::time(nullptr);
  nlohmann::ordered_json j;
  j["author"] = s.author;
  j["github_id"] = s.github_id;
  j["name"] = title(s);
  j["blurb"] = fmt::format("Preset {} of pgref, weights not quantized.", s.launch.preset);
  j["date"] = fmt::format("{:%Y-%m-%d}", fmt::gmtime(now));
  // As the log prints them.
  j["val_loss"] = std::round(claim.val_loss * 1e8) / 1e8;
  j["val_bpb"] = std::round(claim.val_bpb * 1e8) / 1e8;
  j["seeds"] = {s.launch.seed};
  j["bytes_total"] = s.model_bytes + s.code_bytes;
  j["bytes_code"] = s.code_bytes;
  j["step_stop"] = s.steps;
  j["wallclock_seconds"] = std::round(s.train_time_ms) / 1000;
  j["hardware"] = s.hardware;
  j["model_params"] = s.parameters;
  return j;
}

}  // namespace

std::string launcher_script(const Launch& launch) {
  const nlohmann::ordered_json run = {{"name", launch.preset},
                                      {"seed", launch.seed},
                                      {"processes", launch.processes},
                                      {"options", launch.options},
                                      {"preset", launch.settings}};
  const auto device = launch.options.find("--device");
  const bool cuda = device != launch.options.end() && device->second == "cuda";
  return fmt::format(
      "\"\"\"Makes this run again with pgref (PGREF, or on the PATH) and the data that it had:\n"
      "{} train_gpt.py [--data DIR] --out DIR\n"
      "Further options go to pgref train, instead of those below.\"\"\"\n"
      "import json\nimport os\nimport subprocess\nimport sys\nimport tempfile\n\n"
      "RUN = json.loads(r\"\"\"\n{}\n\"\"\")\n\n"
      "options = {{\"--seed\": str(RUN[\"seed\"]), **RUN[\"options\"]}}\n"
      "given = {{word.split(\"=\")[0] for word in sys.argv[1:]}}\n{}"
      "with tempfile.TemporaryDirectory() as folder:\n"
      "    preset = os.path.join(folder, RUN[\"name\"] + \".json\")\n"
      "    with open(preset, \"w\") as file:\n"
      "        json.dump(RUN[\"preset\"], file)\n"
      "    command = [os.environ.get(\"PGREF\", \"{}\"), \"train\", \"--preset\", preset]\n"
      "    for name, value in options.items():\n"
      "        command += [] if name in given else [name, value]\n"
      "    sys.exit(subprocess.run(command + sys.argv[1:]).returncode)\n",
      starter(launch), run.dump(1),
      launch.replays ? "if \"--steps\" not in given:\n"
                       "    options[\"--replay\"] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "
                       "\"schedule.txt\")\n"
                     : "",
      cuda ? "pgref_cuda" : "pgref");
}

Status write_submission(const std::filesystem::path& folder, const Submission& s) {
  const std::string script = launcher_script(s.launch);
  if (const Status status = write_file_atomic(folder / "train_gpt.py", script); !status) return status;
  if (const Status status = write_file_atomic(folder / "README.md", readme(s)); !status) return status;
  return write_file_atomic(folder / "submission.json", metadata(s).dump(2) + "\n");
}

}  // namespace pg::train
