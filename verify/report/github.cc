#include "verify/report/github.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/report/escape.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxFolderLines = 100;
constexpr const char* kKinds[] = {"error", "warning", "notice"};

// What an experiment alone could decide asks nothing of anybody.
bool is_worth_a_line(const Finding& f) {
  return f.verdict == Verdict::fail || f.severity != Severity::info;
}

int kind_of(const Finding& f) {
  return gravity(f) == 0 ? 0 : gravity(f) == 3 ? 2 : 1;
}

std::string command(const char* kind, const std::string& file, std::uint32_t line, const std::string& title,
                    const std::string& message) {
  std::string out = fmt::format("::{} ", kind);
  if (!file.empty()) out += fmt::format("file={},", escape_command_property(file));
  if (!file.empty() && line > 0) out += fmt::format("line={},", line);
  return out + fmt::format("title={}::{}\n", escape_command_property(title), escape_command_data(message));
}

std::string annotation(const Digest& d, const Finding& f) {
  const std::string folder = d.folder.empty() || d.folder == "." ? "" : d.folder + "/";
  const std::string file = f.file.empty() ? "" : folder + f.file;
  std::string message = f.message;
  if (f.decoded_line > 0) message += fmt::format(" (line {} of the decoded source)", f.decoded_line);
  if (!f.quantities.empty()) message += "\n" + f.quantities;
  if (!f.help.empty()) message += "\nfix: " + f.help;
  const std::string more = f.ids.size() > 1 ? fmt::format(" and {} more rules", f.ids.size() - 1) : "";
  const std::string title = fmt::format(
      "{}{}{}: {}", f.verdict == Verdict::inconclusive ? std::string(finding_kind(f.verdict, f.severity)) + " " : "",
      f.ids[0], more, d.name);
  return command(kKinds[kind_of(f)], file, f.line, title, message);
}

std::string folder_line(const Digest& d) {
  if (!d.error.empty()) return escape_log_line(fmt::format("not examined: {}: {}\n", d.name, d.error));
  return escape_log_line(fmt::format("{}  {}  {}\n", verdict_words(d.verdict), d.name, counts_in_words(d.counts)));
}

}  // namespace

std::string github_annotations(const std::vector<Digest>& digests) {
  std::string out;
  std::size_t shown[3] = {}, all[3] = {};
  const auto put = [&](int kind, const auto& line) {
    ++all[kind];
    if (shown[kind] == kMaxAnnotations) return;
    ++shown[kind];
    out += line();
  };
  for (const Digest& d : digests)
    if (!d.error.empty()) put(0, [&] { return command("error", "", 0, "not examined: " + d.name, d.error); });
  for (int g = 0; g < 4; ++g)
    for (const Digest& d : digests)
      for (const Finding& f : d.findings)
        if (gravity(f) == g && is_worth_a_line(f)) put(kind_of(f), [&] { return annotation(d, f); });
  for (int kind = 0; kind < 3; ++kind)
    if (all[kind] > shown[kind])
      out += fmt::format("{} of {} {}s are annotated, the gravest; the job summary has more\n", shown[kind], all[kind],
                         kKinds[kind]);
  for (std::size_t i = 0; i < std::min(digests.size(), kMaxFolderLines); ++i) out += folder_line(digests[i]);
  if (digests.size() > kMaxFolderLines)
    out += fmt::format("... and {} more folders\n", digests.size() - kMaxFolderLines);
  return out;
}

}  // namespace pg::verify
