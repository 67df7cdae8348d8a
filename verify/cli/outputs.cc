#include "verify/cli/outputs.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "verify/cli/step_summary.h"
#include "verify/rules/rule.h"

namespace pg::verify {
namespace {

Result<Format> format_of(const std::string& name, std::string_view option) {
  const auto format = parse_format(name);
  if (!format)
    return Error{fmt::format("unknown {} \"{}\"; there are {}", option, escape_line(name, 60), kFormatNames)};
  return *format;
}

}  // namespace

std::vector<RuleInfo> rule_infos() {
  std::vector<RuleInfo> infos;
  for (const Rule& rule : all_rules())
    infos.push_back(
        {std::string(rule.id), std::string(rule.title), std::string(rule.decides), std::string(rule.not_meaning)});
  return infos;
}

Status Outputs::open(const OutputChoice& choice) {
  const auto format = format_of(choice.format, "--format");
  if (!format) return format.error();
  docs_url_ = docs_url();
  RenderOptions options{{}, rule_infos(), docs_url_};
  std::vector<NamedOutput> files = {{choice.output.empty() ? "the main output" : "-o", choice.output}};
  for (const std::string& entry : choice.more) {
    const std::size_t at = entry.find('=');
    const auto other = format_of(entry.substr(0, at), "format in --output-as");
    if (!other) return other.error();
    if (at == std::string::npos || at + 1 == entry.size())
      return Error{fmt::format("--output-as {}: give FORMAT=FILE, for example sarif=report.sarif", escape_line(entry))};
    options.text = {.color = false, .quiet = false};
    files.push_back({"--output-as " + entry, entry.substr(at + 1)});
    more_.push_back({entry.substr(at + 1), make_renderer(*other, options), ""});
    job_summary_ = job_summary_ || *other == Format::github;
  }
  job_summary_ = job_summary_ || *format == Format::github;
  if (const Status distinct = distinct_outputs(files); !distinct) return distinct;
  if (const Status opened = main_.open(choice.output); !opened) return opened;
  options.text = {.color = use_color(choice.color, main_.to_stdout()), .quiet = choice.quiet};
  renderer_ = make_renderer(*format, options);
  return {};
}

Status Outputs::add(const Report& report) {
  for (Target& target : more_) target.bytes += target.renderer->add(report);
  if (job_summary_) digests_.push_back(digest(report));
  return main_.write(renderer_->add(report));
}

Status Outputs::finish() {
  if (const Status written = main_.write(renderer_->finish()); !written) return written;
  if (const Status finished = main_.finish(); !finished) return finished;
  for (Target& target : more_) {
    Output out;
    if (const Status opened = out.open(target.path); !opened) return opened;
    if (const Status written = out.write(target.bytes + target.renderer->finish()); !written) return written;
    if (const Status finished = out.finish(); !finished) return finished;
  }
  return job_summary_ ? append_step_summary(std::move(digests_), docs_url_) : Status();
}

}  // namespace pg::verify
