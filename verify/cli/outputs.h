#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "verify/cli/output.h"
#include "verify/report/digest.h"
#include "verify/report/renderer.h"

namespace pg::verify {

// --format, -o, --output-as and --color as given.
struct OutputChoice {
  std::string format = "text", output, color = "auto";
  std::vector<std::string> more;  // "FORMAT=FILE"
  bool quiet = false;
};

// The outputs of one run: the main one, written as the reports come where its format allows, and any number of files in
// other formats, written at the end, each whole or not at all.
class Outputs {
 public:
  // Fails on an unknown format, on "FORMAT=" without a file, and where the main file cannot be created.
  Status open(const OutputChoice& choice);
  Status add(const Report& report);
  // Files appear here, the job summary of GitHub Actions where a format is github.
  Status finish();

 private:
  struct Target {
    std::string path;
    std::unique_ptr<Renderer> renderer;
    std::string bytes;
  };

  Output main_;
  std::unique_ptr<Renderer> renderer_;
  std::vector<Target> more_;
  bool job_summary_ = false;
  std::string docs_url_;
  std::vector<Digest> digests_;  // for the job summary
};

// What the rules say about themselves, for the renderers.
std::vector<RuleInfo> rule_infos();

}  // namespace pg::verify
