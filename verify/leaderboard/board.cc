#include "verify/leaderboard/board.h"

#include <algorithm>
#include <tuple>

namespace pg::verify {
namespace {

class Builder {
 public:
  Builder(const Board& board, BoardTable& table) : board_(board), table_(table) {}

  void run() {
    sort();
    if (!board_.policy.statistics) return;
    follow(by_score(), table_.by_score);
    follow(by_time(), table_.by_time);
    find_ties();
  }

 private:
  const BoardRow& row(std::size_t i) const { return board_.rows[i]; }
  bool ranked(std::size_t i) const { return row(i).score && !row(i).excluded; }

  void sort() {
    std::sort(table_.order.begin(), table_.order.end(), [&](std::size_t a, std::size_t b) {
      const auto key = [&](std::size_t i) { return std::tuple(!row(i).score, row(i).score.value_or(0), row(i).path); };
      return key(a) < key(b);
    });
    int above = 0;
    std::optional<std::size_t> last;
    for (const std::size_t i : table_.order) {
      if (!ranked(i)) continue;
      ++above;
      table_.rank[i] = last && row(*last).score == row(i).score ? table_.rank[*last] : above;
      last = i;
    }
  }

  // Highest score first, so that a chain runs the way the contest did.
  std::vector<std::size_t> by_score() const {
    std::vector<std::size_t> out;
    for (auto it = table_.order.rbegin(); it != table_.order.rend(); ++it)
      if (row(*it).comparable()) out.push_back(*it);
    return out;
  }

  std::vector<std::size_t> by_time() const {
    std::vector<std::size_t> dated, out;
    for (const std::size_t i : table_.order)
      if (row(i).comparable() && !row(i).date.empty()) dated.push_back(i);
    // Of one day the higher score first: both were records then.
    std::stable_sort(dated.begin(), dated.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(row(a).date, -*row(a).score) < std::tuple(row(b).date, -*row(b).score);
    });
    for (const std::size_t i : dated)
      if (out.empty() || *row(i).score < *row(out.back()).score) out.push_back(i);
    return out;
  }

  BoardStep step(std::size_t i, std::size_t before) const {
    const Significance s =
        compare(row(i).sample, row(before).sample, *board_.policy.statistics, stats::Unit::bpb, Detail::tests);
    BoardStep out;
    out.row = i;
    out.before = before;
    out.delta = s.delta;
    out.verdict = s.verdict();
    if (out.verdict == Verdict::inconclusive) out.reason = s.reason();
    for (const ReadingOutcome& r : s.readings) {
      const bool known = s.outcome && r.outcome;
      out.p.push_back(known ? std::optional(r.test.p) : std::nullopt);
      out.passes.push_back(known && r.passes);
    }
    out.deciding_p = out.p[s.decides];
    return out;
  }

  void follow(const std::vector<std::size_t>& chain, BoardChain& out) const {
    const StatisticsPolicy& policy = *board_.policy.statistics;
    out.passing.assign(policy.readings.size(), 0);
    stats::PValues p;
    for (std::size_t k = 1; k < chain.size(); ++k) {
      out.steps.push_back(step(chain[k], chain[k - 1]));
      p.push_back(out.steps.back().deciding_p);
      out.decided += p.back().has_value();
      for (std::size_t r = 0; r < out.passing.size(); ++r) out.passing[r] += out.steps.back().passes[r];
    }
    const auto adjusted = stats::holm(p);
    const auto spending = stats::alpha_spending(p, policy.chain_alpha), lord = stats::lord(p, policy.chain_alpha);
    for (std::size_t k = 0; k < out.steps.size(); ++k) {
      out.steps[k].holm = adjusted[k];
      out.steps[k].spending = spending[k];
      out.steps[k].lord = lord[k];
    }
  }

  void find_ties() {
    std::optional<std::size_t> leader;
    int group = 0;
    for (const std::size_t i : table_.order) {
      if (!row(i).comparable()) continue;
      if (!leader || step(*leader, i).verdict == Verdict::pass) {
        leader = i;
        ++group;
      }
      table_.tie_group[i] = group;
    }
  }

  const Board& board_;
  BoardTable& table_;
};

// Records first, unknown last.
std::tuple<int, std::string> table_key(const std::string& track) {
  return {track.empty() ? 2 : track.starts_with("non_record") ? 1 : 0, track};
}

}  // namespace

Board build_board(std::vector<BoardRow> rows, Policy policy, ScoreSource source) {
  Board board;
  board.rows = std::move(rows);
  board.policy = std::move(policy);
  board.source = source;
  std::sort(board.rows.begin(), board.rows.end(), [](const BoardRow& a, const BoardRow& b) { return a.path < b.path; });
  for (std::size_t i = 0; i < board.rows.size(); ++i) {
    const auto it = std::find_if(board.tables.begin(), board.tables.end(),
                                 [&](const BoardTable& t) { return t.track == board.rows[i].track; });
    BoardTable& table = it == board.tables.end() ? board.tables.emplace_back() : *it;
    table.track = board.rows[i].track;
    table.order.push_back(i);
  }
  std::sort(board.tables.begin(), board.tables.end(),
            [](const BoardTable& a, const BoardTable& b) { return table_key(a.track) < table_key(b.track); });
  for (BoardTable& table : board.tables) Builder(board, table).run();
  return board;
}

}  // namespace pg::verify
