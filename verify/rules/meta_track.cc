#include "verify/rules/meta_track.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/rules/results.h"

namespace pg::verify {
namespace {

constexpr std::string_view kId = "PG-META-TRACK";

enum class Track { record, non_record, unknown };

// "10min_16mb", "track_10min_16mb", "non-record-16mb", "non-record-unlimited-compute-16mb", "Non-record" ...
Track track_of(std::string_view text) {
  std::string squeezed = to_lower(text);
  std::erase_if(squeezed, [](char c) { return c == '-' || c == '_' || c == ' '; });
  if (squeezed.find("nonrecord") != std::string::npos || squeezed.find("unlimited") != std::string::npos)
    return Track::non_record;
  if (squeezed.find("10min") != std::string::npos || squeezed == "record" || squeezed == "main") return Track::record;
  return Track::unknown;
}

std::vector<RuleResult> check(const Submission& submission, const Policy&) {
  const Metadata& m = submission.metadata;
  if (!submission.track_from_path && m.track && track_of(*m.track) == Track::non_record)
    return {failed(
        kId,
        {Severity::warning,
         "only submission.json says that this is no record: the limits on time, hardware and seeds are not applied",
         escape_line(*m.track, 60),
         "a folder below records/track_non_record_16mb",
         {{m.path, m.track.line, *m.track, 0}},
         "put the folder where the contest expects it; its path then decides"})};
  if (!submission.track_from_path)
    return {
        not_applicable(kId, "skipped because the folder does not lie below records/track_*: its path names no track")};
  const Track folder = track_of(submission.track);
  std::vector<RuleResult> results;
  if (m.track) {
    const Track claimed = track_of(*m.track);
    if (claimed != folder)
      results.push_back(failed(
          kId, {Severity::warning,
                fmt::format("the file says track \"{}\"{}, the folder lies in {}", escape_line(*m.track, 60),
                            claimed == Track::unknown ? ", which is none of the contest's" : "", submission.track),
                *m.track,
                submission.track,
                {{m.path, m.track.line, *m.track, 0}},
                "correct the key or move the folder; the path decides"}));
  }
  if (folder == Track::record && m.name && track_of(*m.name) == Track::non_record)
    results.push_back(failed(kId, {Severity::warning,
                                   "the name says non-record, the folder lies in the record track",
                                   escape_line(*m.name),
                                   "a name that fits the track",
                                   {{m.path, m.name.line, *m.name, 0}},
                                   "correct the name or move the folder"}));
  if (results.empty()) results.push_back(passed(kId, fmt::format("track {} by its path", submission.track)));
  return results;
}

}  // namespace

const Rule kRuleMetaTrack{kId, "track", "whether the metadata names the track that the folder lies in",
                          "that the run kept the track's limits: PG-TIME-* and PG-SIZE-* decide that", check};

}  // namespace pg::verify
