#pragma once

#include <map>
#include <string>
#include <vector>

#include "verify/cli/labels.h"
#include "verify/report/report.h"

namespace pg::verify {

// How the verdicts of an archive run agree with labels.
struct Agreement {
  // Folders by what a family or rule said and what the label says.
  struct Confusion {
    std::size_t hit = 0;       // fails; labelled illegal, and the label names it
    std::size_t missed = 0;    // does not fail; labelled illegal, and the label names it
    std::size_t beside = 0;    // fails; labelled illegal for something else
    std::size_t wronged = 0;   // fails; labelled legal
    std::size_t disputed = 0;  // fails; another label
  };
  struct Disagreement {
    enum class Kind { missed, wronged } kind;
    Label label;
    bool answered = true;
    std::vector<std::string> failing;  // rules; of a wronged folder those that wrong it
  };

  std::string file;                    // of the labels
  std::size_t labels = 0, placed = 0;  // in the file; below the root
  std::size_t illegal = 0, found = 0, legal = 0, wronged = 0, other = 0, other_failed = 0;
  std::vector<std::string> unanswered;               // ids whose folder got no line, or could not be examined
  std::map<std::string, Confusion> families, rules;  // "PG-C1" ...; "PG-C1-CHOICE" ...
  std::vector<Disagreement> disagreements;           // in the order of the labels

  double recall() const;     // found / illegal
  double precision() const;  // found / (found + wronged)
};

// The ids of failing rules of severity error, each once, sorted.
std::vector<std::string> failing_rules(const Report& report);

// `answers`: failing rules by folder; a folder that could not be examined is absent.
// An illegal folder is found when a failing rule meets one of the classes it is labelled with (any failing rule where
// none of these is known). A legal one is wronged by failing rules of C1 to C4, DATA and BYTES: that is what it was
// judged for.
Agreement compare(const std::string& file, const std::vector<Label>& labels,
                  const std::map<std::string, std::vector<std::string>>& answers);

std::string agreement_text(const Agreement& agreement);
std::string agreement_json(const Agreement& agreement);  // one line, canonical form

}  // namespace pg::verify
