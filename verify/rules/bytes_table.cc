#include "verify/rules/bytes_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "verify/rules/source_findings.h"

namespace pg::verify {
namespace {

constexpr std::string_view kTable = "PG-BYTES-TABLE";
constexpr std::string_view kConstant = "PG-BYTES-CONSTANT";

class ByteReader {
 public:
  explicit ByteReader(const SourceReading::File& file) : file_(file), m_(file.flow->module()) {}

  // table[i] = len(piece...) + 1, or of the piece with its marker made a space: the space is in the table already.
  py::ExprId space_in_table() const {
    for (const py::AttributeStore& s : file_.flow->defs().stores())
      if (counts_space(s.value)) return s.value;
    for (const py::Def& d : file_.flow->defs().all())
      if (d.kind == py::Def::Kind::mutation && counts_space(d.value) && file_.flow->runs(d.stmt)) return d.value;
    return py::kNone;
  }

  // bytes + (has_space[target] & ~is_boundary[previous]): the space is added when counting.
  py::ExprId space_when_counting() const {
    for (py::ExprId e = 0; e < m_.exprs.size(); ++e) {
      if (m_.expr(e).kind != py::ExprKind::binary || m_.expr(e).op != py::Op::bit_and || m_.expr(e).stmt == py::kNone)
        continue;
      const py::ExprId right = m_.operand(e, 1);
      if (!by_tokens(m_.operand(e, 0)) || m_.expr(right).kind != py::ExprKind::unary ||
          !by_tokens(m_.operand(right, 0)))
        continue;
      const py::Stmt& s = m_.stmt(m_.expr(e).stmt);
      if (s.kind != py::StmtKind::aug_assign && s.kind != py::StmtKind::assign) continue;
      if (file_.flow->runs(m_.expr(e).stmt)) return e;
    }
    return py::kNone;
  }

  // bpb = loss / log(2) / 2.75: a constant instead of counted bytes.
  py::ExprId constant_bytes() const {
    for (py::StmtId s = 0; s < m_.stmts.size(); ++s) {
      const py::Stmt& st = m_.stmt(s);
      if (st.kind != py::StmtKind::assign || st.value == py::kNone || m_.targets(s).empty()) continue;
      if (m_.name(m_.targets(s)[0]).find("bpb") == std::string_view::npos || !file_.flow->runs(s)) continue;
      bool log2 = false, constant = false, measured = false, other = false;
      factors(st.value, log2, constant, measured, other);
      if (log2 && constant && measured && !other) return st.value;
    }
    return py::kNone;
  }

 private:
  bool counts_space(py::ExprId value) const {
    if (value == py::kNone) return false;
    const py::Expr& x = m_.expr(value);
    if (x.kind == py::ExprKind::binary && x.op == py::Op::add) {
      const py::ExprId a = m_.operand(value, 0), b = m_.operand(value, 1);
      return (is_length(a) && m_.text(b) == "1") || (is_length(b) && m_.text(a) == "1");
    }
    return false;
  }

  // len(piece[1:].encode(...)) and the like.
  bool is_length(py::ExprId e) const {
    if (m_.expr(e).kind != py::ExprKind::call || m_.name(m_.operand(e, 0)) != "len") return false;
    bool encoded = false, cut = false;
    for (const py::ExprId part : file_.flow->below(e)) {
      encoded |= m_.expr(part).kind == py::ExprKind::attribute && m_.name(part) == "encode";
      cut |=
          m_.expr(part).kind == py::ExprKind::slice || (m_.expr(part).kind == py::ExprKind::attribute &&
                                                        (m_.name(part) == "lstrip" || m_.name(part) == "removeprefix"));
    }
    return encoded && cut;
  }

  bool by_tokens(py::ExprId e) const {
    return m_.expr(e).kind == py::ExprKind::subscript && m_.expr(e).operands.count == 2 &&
           (file_.flow->labels().of(m_.operand(e, 1)) & py::label::kVal);
  }

  void factors(py::ExprId e, bool& log2, bool& constant, bool& measured, bool& other) const {
    const py::Expr& x = m_.expr(e);
    if (x.kind == py::ExprKind::binary && (x.op == py::Op::mul || x.op == py::Op::div)) {
      factors(m_.operand(e, 0), log2, constant, measured, other);
      factors(m_.operand(e, 1), log2, constant, measured, other);
      return;
    }
    if (x.kind == py::ExprKind::call) {
      const std::string name = file_.flow->program().calls().qualified_name(m_.operand(e, 0));
      if (py::last_part(name) == "log" && x.operands.count == 2) return void(log2 = true);
    }
    const py::Value v = file_.flow->program().folder().fold(e).value;
    if (v.known() && v.is_number()) {
      const double n = v.number();
      if (n > 1.2 && n < 8 && n != 2)
        constant = true;
      else if (n < .69 || n > .7)
        other = true;
      else
        log2 = true;
      return;
    }
    if ((file_.flow->labels().of(e) & py::label::kGold) && !measured)
      measured = true;
    else
      other = true;
  }

  const SourceReading::File& file_;
  const py::Module& m_;
};

Evidence place(const SourceReading::File& file, py::ExprId e, std::string_view what) {
  const py::Expr& x = file.flow->module().expr(e);
  return source_evidence(*file.code, x.line, x.begin, what);
}

std::vector<RuleResult> check_table(const Submission& s, const Policy&) {
  for (const SourceReading::File& file : source_reading(s).files) {
    const ByteReader reader(file);
    const py::ExprId table = reader.space_in_table(), counting = reader.space_when_counting();
    if (table == py::kNone || counting == py::kNone) continue;
    RuleResult r =
        failed(kTable, Severity::error,
               "the leading space of a token is counted twice: once in the byte table and again when bytes are "
               "added up, so that there are about 17 % too many bytes and bits per byte come out too low",
               "Leave the space out of the table.");
    r.evidence = {place(file, table, "the table's entry has one more for the space"),
                  place(file, counting, "and the space is added again for each target")};
    return {std::move(r)};
  }
  return {nothing_found(kTable, s)};
}

std::vector<RuleResult> check_constant(const Submission& s, const Policy&) {
  for (const SourceReading::File& file : source_reading(s).files) {
    const ByteReader reader(file);
    const py::ExprId e = reader.constant_bytes();
    if (e == py::kNone || reader.space_when_counting() != py::kNone) continue;
    RuleResult r =
        failed(kConstant, Severity::error,
               "bits per byte are computed with a constant number of bytes per token instead of counted bytes",
               "Count the bytes of each scored target.");
    r.evidence = {place(file, e, "loss over a constant")};
    return {std::move(r)};
  }
  return {nothing_found(kConstant, s)};
}

}  // namespace

const Rule kRuleBytesTable{kTable, "byte table", "The byte table and its use count the leading space of a token once.",
                           "Other errors of a byte table are not looked for: the table itself is not computed.",
                           check_table};
const Rule kRuleBytesConstant{kConstant, "counted bytes",
                              "Bits per byte rest on counted bytes, not on a constant number of bytes per token.",
                              "A wrong count of bytes is another matter: see PG-BYTES-ACCOUNTING.", check_constant};

}  // namespace pg::verify
