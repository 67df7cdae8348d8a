#include "verify/leaderboard/sections.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/text.h"
#include "verify/report/statistics.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxName = 80, kMaxListed = 200;
constexpr std::size_t kMaxVerdict = 36;   // "fail", the longest rule id and "+23" whole
constexpr std::ptrdiff_t kMaxNamed = 12;  // remarks above a table

std::string track_title(const std::string& track) {
  return track.empty() ? "Track unknown" : "Track " + escape_line(track, 40);
}

std::string maybe(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "";
}

Cell verdict_cell(const BoardRow& row) {
  if (!row.error.empty()) return {"not examined: " + escape_line(row.error, 60), CellStyle::caution};
  switch (row.verdict) {
    case Verdict::pass:
      return {"pass", CellStyle::good};
    case Verdict::fail: {
      std::string text = "fail";
      if (!row.failing.empty()) text += " " + escape_line(row.failing[0], 40);
      if (row.failing.size() > 1) text += fmt::format(" +{}", row.failing.size() - 1);
      return {text, CellStyle::bad};
    }
    default:
      return {"cannot tell", CellStyle::caution};
  }
}

Cell step_cell(const BoardStep& step) {
  if (step.verdict == Verdict::pass) return {"passes", CellStyle::good};
  if (step.verdict == Verdict::fail) return {"does not", CellStyle::bad};
  return {"cannot tell: " + escape_line(step.reason, 60), CellStyle::caution};
}

std::string online_text(const std::optional<stats::OnlineStep>& step) {
  return !step ? "" : step->rejected ? "yes" : "no";
}

std::string seconds(const std::optional<std::int64_t>& ms) {
  return ms ? fmt::format("{:.1f}", static_cast<double>(*ms) / 1000) : "";
}

const BoardStep* step_of(const BoardChain& chain, std::size_t row) {
  for (const BoardStep& step : chain.steps)
    if (step.row == row) return &step;
  return nullptr;
}

Section ranking(const Board& board, const BoardTable& table) {
  Section out;
  out.heading = track_title(table.track);
  out.paragraphs.push_back(fmt::format("{} folders, {} ranked by their score.", table.order.size(), table.rank.size()));
  for (const std::size_t i : table.order) {
    const BoardRow& row = board.rows[i];
    if (row.excluded)
      out.paragraphs.push_back(fmt::format("{}: excluded on request.", escape_line(row.name, kMaxName)));
    if (!row.sample.objections.empty())
      out.paragraphs.push_back(fmt::format("{} is compared with no other row: {}.", escape_line(row.name, kMaxName),
                                           escape_line(row.sample.objections[0], 200)));
  }
  if (std::ssize(out.paragraphs) > kMaxNamed) {
    const std::ptrdiff_t more = std::ssize(out.paragraphs) - kMaxNamed;
    out.paragraphs.erase(out.paragraphs.begin() + kMaxNamed, out.paragraphs.end());
    out.paragraphs.push_back(fmt::format("... and {} more such rows.", more));
  }
  out.table.columns = {{"rank", true},
                       {"tie", true},
                       {"score", true},
                       {"n", true},
                       {"gain", true},
                       {"p", true},
                       {"Holm", true},
                       {"LORD"},
                       {"verdict", false, kMaxVerdict},
                       {"bytes", true},
                       {"train s", true},
                       {"eval s", true},
                       {"date"},
                       {"author", false, 20},
                       {"folder", false, 48}};
  for (const std::size_t i : table.order) {
    const BoardRow& row = board.rows[i];
    const BoardStep* step = step_of(table.by_score, i);
    const auto rank = table.rank.find(i), tie = table.tie_group.find(i);
    out.table.rows.push_back(
        {rank == table.rank.end() ? std::string("-") : std::to_string(rank->second),
         tie == table.tie_group.end() ? std::string() : std::to_string(tie->second), maybe(row.score, "{:.6f}"),
         row.sample.scores.empty() ? std::string() : std::to_string(row.sample.scores.size()),
         step ? maybe(step->delta, "{:+.6f}") : std::string(),
         step && step->deciding_p ? Cell(p_text(*step->deciding_p), step_cell(*step).style) : Cell(""),
         step && step->holm ? p_text(*step->holm) : std::string(), step ? online_text(step->lord) : std::string(),
         verdict_cell(row), row.bytes ? with_commas(*row.bytes) : std::string(), seconds(row.train_ms),
         seconds(row.eval_ms), escape_line(row.date, 10), escape_line(row.author, kMaxName),
         escape_line(row.name, kMaxName)});
  }
  return out;
}

std::string n_steps(const BoardChain& chain) {
  return fmt::format("{} step{}", chain.steps.size(), chain.steps.size() == 1 ? "" : "s");
}

Section readings(const Board& board, const BoardTable& table) {
  Section out;
  out.heading = "What each reading of the rule accepts, " + track_title(table.track);
  out.paragraphs.push_back(fmt::format(
      "By score: each row with at least two runs against the next higher-scoring one, {}. By time: each new "
      "record against the record of its day, {}.",
      n_steps(table.by_score), n_steps(table.by_time)));
  out.table.columns = {{"reading"},        {"test"},          {"margin", true},           {"p below", true},
                       {"by score", true}, {"by time", true}, {"what it says", false, 60}};
  const StatisticsPolicy& policy = *board.policy.statistics;
  for (std::size_t r = 0; r < policy.readings.size(); ++r) {
    const StatisticsReading& reading = policy.readings[r];
    out.table.rows.push_back({escape_line(reading.name, 30) + (r == policy.decides ? " (decides)" : ""),
                              std::string(to_string(reading.test)),
                              fmt::format("{:g} {}", reading.margin, to_string(reading.unit)),
                              fmt::format("{:g}", reading.alpha),
                              fmt::format("{} of {}", table.by_score.passing[r], table.by_score.steps.size()),
                              fmt::format("{} of {}", table.by_time.passing[r], table.by_time.steps.size()),
                              escape_line(reading.title, 200)});
  }
  return out;
}

Section records(const Board& board, const BoardTable& table) {
  const StatisticsPolicy& policy = *board.policy.statistics;
  Section out;
  out.heading = "Records in time order, " + track_title(table.track);
  out.paragraphs.push_back(fmt::format(
      "Holm, alpha spending and LORD hold the chain as a whole to {:g}; they advise, the reading \"{}\" decides.",
      policy.chain_alpha, escape_line(policy.deciding().name, 30)));
  out.table.columns = {{"date"},    {"score", true},       {"gain", true},     {"n", true},
                       {"p", true}, {"answer", false, 30}, {"Holm", true},     {"spending"},
                       {"LORD"},    {"record", false, 48}, {"over", false, 48}};
  for (const BoardStep& step : table.by_time.steps) {
    const BoardRow &row = board.rows[step.row], &before = board.rows[step.before];
    out.table.rows.push_back({escape_line(row.date, 10), maybe(row.score, "{:.6f}"), maybe(step.delta, "{:+.6f}"),
                              fmt::format("{} v {}", row.sample.scores.size(), before.sample.scores.size()),
                              step.deciding_p ? p_text(*step.deciding_p) : std::string(), step_cell(step),
                              step.holm ? p_text(*step.holm) : std::string(), online_text(step.spending),
                              online_text(step.lord), escape_line(row.name, kMaxName),
                              escape_line(before.name, kMaxName)});
  }
  return out;
}

Section readme(const Board& board, const ReadmeComparison& c) {
  Section out;
  out.heading = "The README's tables";
  std::string text = fmt::format(
      "{} rows listed, {} found as folders, {} with the score the folder is ranked by at "
      "the printed rounding",
      c.matches.size(), c.found, c.agreeing);
  if (c.claim_only > 0) text += fmt::format(", {} more with its claim instead", c.claim_only);
  text += fmt::format(". {} folders are not listed.", c.not_listed.size());
  if (c.other_tracks > 0)
    text += fmt::format(" {} rows of other tracks than the one below the root were not compared.", c.other_tracks);
  out.paragraphs.push_back(std::move(text));
  out.table.columns = {{"line", true},     {"listed", true},      {"agrees"},           {"found by"},
                       {"run", false, 40}, {"folder", false, 48}, {"remark", false, 90}};
  for (const ReadmeMatch& m : c.matches) {
    if (m.remark.empty()) continue;
    const Cell agrees = !m.row         ? Cell("no folder", CellStyle::caution)
                        : m.agrees     ? Cell("yes", CellStyle::good)
                        : m.as_claimed ? Cell("claim only", CellStyle::caution)
                                       : Cell("no", CellStyle::bad);
    out.table.rows.push_back(
        {std::to_string(m.listed.line), m.listed.score ? escape_line(m.listed.score->text, 20) : std::string(), agrees,
         std::string(to_string(m.how)), escape_line(m.listed.run, kMaxName),
         m.row ? escape_line(board.rows[*m.row].name, kMaxName) : std::string(), escape_line(m.remark, 200)});
  }
  for (std::size_t k = 0; k < std::min(c.not_listed.size(), kMaxListed); ++k) {
    const BoardRow& row = board.rows[c.not_listed[k]];
    out.table.rows.push_back({std::string(), maybe(row.score, "{:.6f}"), Cell("not listed", CellStyle::caution),
                              std::string(), std::string(), escape_line(row.name, kMaxName),
                              std::string("no row of the README links to it or has its score")});
  }
  if (c.not_listed.size() > kMaxListed) out.paragraphs.push_back(fmt::format("{} of them are shown.", kMaxListed));
  return out;
}

Section coverage(const BoardCoverage& c) {
  Section out;
  out.heading = "Coverage";
  out.paragraphs.push_back(fmt::format(
      "{} directories below the root = {} with one row each + {} inside those + {} on the way + {} without a "
      "submission: "
      "{}.",
      with_commas(static_cast<std::int64_t>(c.directories)), with_commas(static_cast<std::int64_t>(c.rows)),
      with_commas(static_cast<std::int64_t>(c.inside)), with_commas(static_cast<std::int64_t>(c.containers)),
      with_commas(static_cast<std::int64_t>(c.none)), c.problems.empty() ? "complete" : "INCOMPLETE"));
  if (!c.without_row.empty() || !c.links.empty() || !c.problems.empty())
    out.table.columns = {{"folder", false, 80}, {"why it has no row", false, 80}};
  for (std::size_t k = 0; k < std::min(c.without_row.size(), kMaxListed); ++k)
    out.table.rows.push_back({escape_line(c.without_row[k].first, 200), escape_line(c.without_row[k].second, 200)});
  if (c.without_row.size() > kMaxListed)
    out.paragraphs.push_back(fmt::format("The first {} folders without a row are listed.", kMaxListed));
  for (const std::string& link : c.links)
    out.table.rows.push_back({escape_line(link, 200), std::string("a symbolic link, not followed")});
  for (const std::string& problem : c.problems)
    out.table.rows.push_back({Cell("PROBLEM", CellStyle::bad), escape_line(problem, 300)});
  return out;
}

}  // namespace

std::string board_title(const BoardPage& page) {
  return fmt::format("Leaderboard under {}", escape_line(page.board.policy.name, 60));
}

std::vector<Section> board_sections(const BoardPage& page) {
  const Board& board = page.board;
  std::vector<Section> out;
  for (const BoardTable& table : board.tables) out.push_back(ranking(board, table));
  if (!out.empty()) {
    std::string text = fmt::format(
        "Scores are means of the {} runs in bits per byte, lower is better. verdict is pgverify's on the folder. ",
        board.source == ScoreSource::claimed ? "claimed" : "logged (else claimed)");
    text += board.policy.statistics
                ? fmt::format(
                      "gain and p compare with the next row that has two runs, under the reading \"{}\"; Holm and "
                      "LORD (at {:g}) take the whole chain into account and are advice; rows with one tie number "
                      "are not told apart from the first of them.",
                      escape_line(board.policy.statistics->deciding().name, 30), board.policy.statistics->chain_alpha)
                : "The policy says nothing about gains, so no steps were tested.";
    out.front().paragraphs.push_back(text);
  }
  for (const BoardTable& table : board.tables) {
    if (!board.policy.statistics || table.by_score.steps.empty()) continue;
    out.push_back(readings(board, table));
    if (!table.by_time.steps.empty()) out.push_back(records(board, table));
  }
  if (page.readme) out.push_back(readme(board, *page.readme));
  out.push_back(coverage(page.coverage));
  return out;
}

}  // namespace pg::verify
