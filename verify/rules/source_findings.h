#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "verify/rules/results.h"
#include "verify/source/flow_order.h"
#include "verify/source/kernel.h"
#include "verify/source/settings.h"
#include "verify/submission/submission.h"

namespace pg::verify {

// What reading the source of a submission found: the flow of the entry script and of the Python files it reaches, under
// the settings of the claimed runs. Rules PG-C1 ... PG-DATA pick their findings out of it.
struct SourceReading {
  struct File {
    const CodeFile* code = nullptr;
    bool entry = false;
    std::unique_ptr<py::Flow> flow;
    std::vector<py::Finding> findings;
  };
  struct Kernel {
    const CodeFile* code = nullptr;
    std::vector<TargetGate> gates;
    std::uint32_t first_line = 1;  // of the kernel in the decoded source: 1, or where a string that holds it begins
  };
  py::Settings settings;
  std::vector<File> files;
  std::vector<Kernel> kernels;
  std::string unread;   // not empty: why the entry script could not be read (opaque, no script, gave up)
  bool partly = false;  // the syntax tree has errors: a clean reading says less
};

// Of the submission last asked about by this thread; computed once for all rules.
const SourceReading& source_reading(const Submission& s);

// How a kind of finding is judged.
struct SourceVerdict {
  py::Finding::Kind kind;
  bool fails;           // a failure of severity error; else a warning with both readings in `message`
  std::string message;  // one sentence, the cause first
  std::string help;
};

// The results of a rule about the source: one per kind found (all places as evidence), else "no violation found by
// reading", never a pass.
std::vector<RuleResult> judge_source(std::string_view id, const Submission& s, const std::vector<SourceVerdict>& kinds);

// The inconclusive result of a rule that found nothing, or could not read.
RuleResult nothing_found(std::string_view id, const Submission& s);

// A place in a Python file: line in the shipped file, decoded line where packed, the line's text behind `what`.
Evidence source_evidence(const CodeFile& code, std::uint32_t decoded_line, std::uint64_t offset, std::string_view what);

}  // namespace pg::verify
