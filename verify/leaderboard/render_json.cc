#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "verify/leaderboard/render.h"

namespace pg::verify {
namespace {

using nlohmann::json;

// 12 significant digits, as in reports (verify/report/statistics_json.cc).
json number(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  const std::string text = fmt::format("{:.12g}", *value);
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}
template <class T>
json optional(const std::optional<T>& value) {
  return value ? json(*value) : json();
}
json words(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json row_json(const BoardRow& row) {
  json scores = json::array();
  for (const SeedScore& s : row.sample.scores)
    scores.push_back({{"seed", optional(s.seed)}, {"score", number(s.val_bpb)}});
  return {{"path", row.path},
          {"name", row.name},
          {"track", words(row.track)},
          {"author", words(row.author)},
          {"date", words(row.date)},
          {"score", number(row.score)},
          {"claimed", row.claimed ? number(row.claimed->value) : json()},
          {"scores", std::move(scores)},
          {"scores_source", to_string(row.sample.source)},
          {"objections", row.sample.objections},
          {"verdict", to_string(row.verdict)},
          {"failing", row.failing},
          {"error", words(row.error)},
          {"excluded", row.excluded},
          {"bytes", optional(row.bytes)},
          {"train_ms", optional(row.train_ms)},
          {"eval_ms", optional(row.eval_ms)}};
}

json online_json(const std::optional<stats::OnlineStep>& step) {
  if (!step) return nullptr;
  return {{"level", number(step->level)}, {"passes", step->rejected}};
}

json chain_json(const Board& board, const BoardChain& chain) {
  json steps = json::array();
  for (const BoardStep& s : chain.steps) {
    json p = json::array();
    for (const auto& value : s.p) p.push_back(number(value));
    steps.push_back({{"path", board.rows[s.row].path},
                     {"before", board.rows[s.before].path},
                     {"delta", number(s.delta)},
                     {"verdict", to_string(s.verdict)},
                     {"reason", words(s.reason)},
                     {"p", std::move(p)},
                     {"passes", s.passes},
                     {"deciding_p", number(s.deciding_p)},
                     {"holm", number(s.holm)},
                     {"spending", online_json(s.spending)},
                     {"lord", online_json(s.lord)}});
  }
  return {{"steps", std::move(steps)}, {"decided", chain.decided}, {"passing", chain.passing}};
}

json table_json(const Board& board, const BoardTable& table) {
  json order = json::array();
  for (const std::size_t i : table.order) {
    const auto rank = table.rank.find(i), tie = table.tie_group.find(i);
    order.push_back({{"path", board.rows[i].path},
                     {"rank", rank == table.rank.end() ? json() : json(rank->second)},
                     {"tie_group", tie == table.tie_group.end() ? json() : json(tie->second)}});
  }
  return {{"track", words(table.track)},
          {"order", std::move(order)},
          {"by_score", chain_json(board, table.by_score)},
          {"by_time", chain_json(board, table.by_time)}};
}

json readings_json(const Policy& policy) {
  json out = json::array();
  if (!policy.statistics) return out;
  for (std::size_t r = 0; r < policy.statistics->readings.size(); ++r) {
    const StatisticsReading& reading = policy.statistics->readings[r];
    out.push_back({{"name", reading.name},
                   {"title", reading.title},
                   {"test", to_string(reading.test)},
                   {"margin", reading.margin},
                   {"unit", to_string(reading.unit)},
                   {"alpha", reading.alpha},
                   {"decides", r == policy.statistics->decides}});
  }
  return out;
}

json readme_json(const Board& board, const std::optional<ReadmeComparison>& c) {
  if (!c) return nullptr;
  json rows = json::array(), not_listed = json::array();
  for (const ReadmeMatch& m : c->matches)
    rows.push_back({{"line", m.listed.line},
                    {"heading", m.listed.heading},
                    {"run", m.listed.run},
                    {"author", m.listed.author},
                    {"score", m.listed.score ? json(m.listed.score->text) : json()},
                    {"found_by", to_string(m.how)},
                    {"path", m.row ? json(board.rows[*m.row].path) : json()},
                    {"agrees", m.agrees},
                    {"as_claimed", m.as_claimed},
                    {"remark", words(m.remark)}});
  for (const std::size_t i : c->not_listed) not_listed.push_back(board.rows[i].path);
  return {{"rows", std::move(rows)},         {"found", c->found},
          {"agreeing", c->agreeing},         {"claim_only", c->claim_only},
          {"other_tracks", c->other_tracks}, {"not_listed", std::move(not_listed)}};
}

json coverage_json(const BoardCoverage& c) {
  json without = json::array();
  for (const auto& [folder, reason] : c.without_row) without.push_back({{"folder", folder}, {"reason", reason}});
  return {{"directories", c.directories},
          {"rows", c.rows},
          {"inside", c.inside},
          {"containers", c.containers},
          {"none", c.none},
          {"links", c.links},
          {"problems", c.problems},
          {"without_row", std::move(without)},
          {"complete", c.problems.empty()}};
}

}  // namespace

json board_json(const BoardPage& page) {
  const Board& board = page.board;
  json rows = json::array(), tables = json::array();
  for (const BoardRow& row : board.rows) rows.push_back(row_json(row));
  for (const BoardTable& table : board.tables) tables.push_back(table_json(board, table));
  return {{"schema", "pgverify/leaderboard/v1"},
          {"policy", {{"name", board.policy.name}, {"digest", board.policy.digest}}},
          {"scores", to_string(board.source)},
          {"readings", readings_json(board.policy)},
          {"rows", std::move(rows)},
          {"tables", std::move(tables)},
          {"readme", readme_json(board, page.readme)},
          {"coverage", coverage_json(page.coverage)}};
}

}  // namespace pg::verify
