// The Python front end: any bytes. What the IR promises its users must hold: operands before their users, places inside
// the source, indices in range; and every question may be asked of every node.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "verify/source/dump.h"
#include "verify/source/program.h"

namespace {

namespace py = pg::verify::py;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_module(const py::Module& m) {
  require(!m.functions.empty() && m.functions[0].body < m.blocks.size());
  for (py::ExprId id = 0; id < m.exprs.size(); ++id) {
    const py::Expr& e = m.expr(id);
    require(e.begin <= e.end && e.end <= m.source.size() && e.name < m.symbols.size());
    require(e.stmt < m.stmts.size() && e.function < m.functions.size());
    for (const py::ExprId operand : m.operands(id)) require(operand == py::kNone || operand < id);
    require(e.kind != py::ExprKind::lambda || m.functions[e.aux].expr == id);
  }
  for (py::StmtId id = 0; id < m.stmts.size(); ++id) {
    const py::Stmt& s = m.stmt(id);
    require(s.begin <= s.end && s.end <= m.source.size());
    require(s.first_expr <= s.end_expr && s.end_expr <= m.exprs.size());
    require(s.block < m.blocks.size() && m.statements(s.block)[s.index] == id);
    require(s.kind != py::StmtKind::def || s.def < m.functions.size());
    for (const py::ExprId target : m.targets(id)) require(target < m.exprs.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // What stands in front of a form feed is a command that sets things.
  const std::size_t cut = text.find('\f');
  py::Settings settings;
  if (cut != std::string_view::npos) settings.add_command_text("run.sh", text.substr(0, cut));
  const py::Program program(cut == std::string_view::npos ? text : text.substr(cut + 1), settings);
  const py::Module& m = program.module();
  check_module(m);
  for (py::ExprId id = 0; id < m.exprs.size(); ++id) {
    (void)program.runs_expr(id);
    (void)program.folder().fold(id);
    for (const py::Callee& callee : program.calls().callees(id)) {
      for (std::uint32_t i = 0; i < m.parameters(callee.function).size(); ++i) program.calls().argument(id, callee, i);
      for (std::uint32_t i = 0; i < m.operands(id).size(); ++i) {
        const std::uint32_t parameter = program.calls().parameter_of(id, callee, i);
        require(parameter == py::kNone || parameter < m.parameters(callee.function).size());
      }
    }
  }
  for (py::StmtId id = 0; id < m.stmts.size(); ++id) (void)program.why(id);
  require(py::dump_module(m, 1u << 16).size() <= (1u << 16) + 3);
  return 0;
}
