// source_front_end ROOT [THREADS] [DUMP_FOLDER] | --dump FILE | --reach FILE [COMMAND] | --labels FILE LINE |
// --parse ROOT [THREADS]: the Python
// front end over every
// *.py below ROOT, unwrapped first.
//
// Prints seconds (wall and processor) of the tree-sitter parse alone and of the whole front end over the same sources
// held in memory, their ratio, files with syntax errors, and peak memory. DUMP_FOLDER: also writes the sources there,
// for bench/source_baseline.py. --dump: the tree of one file as text.
#include <fmt/format.h>
#include <sys/resource.h>
#include <tree_sitter/api.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "reference/base/file.h"
#include "reference/base/parallel.h"
#include "verify/source/dump.h"
#include "verify/source/flow_events.h"
#include "verify/source/ir.h"
#include "verify/source/program.h"
#include "verify/submission/code.h"

extern "C" const TSLanguage* tree_sitter_python(void);

namespace {

namespace fs = std::filesystem;
namespace py = pg::verify::py;

struct Source {
  std::string path, text;
};

std::vector<Source> read_sources(const fs::path& root, unsigned threads) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied)) {
    if (entry.path().extension() == ".py" && entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Source> sources(paths.size());
  pg::parallel_for(paths.size(), threads, [&](std::size_t i) {
    auto content = pg::read_file(paths[i], 64u << 20);
    if (!content) return;
    sources[i] = {paths[i].string(), pg::verify::unpack_code("train_gpt.py", *content).source};
  });
  std::erase_if(sources, [](const Source& s) { return s.text.empty(); });
  return sources;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Times {
  double wall, processor;
};

Times timed(const std::vector<Source>& sources, unsigned threads, const std::function<void(std::size_t)>& work) {
  const double wall = now(), processor = processor_seconds();
  pg::parallel_for(sources.size(), threads, work);
  return {now() - wall, processor_seconds() - processor};
}

void parse_only(const std::string& text) {
  TSParser* parser = ts_parser_new();
  ts_parser_set_language(parser, tree_sitter_python());
  TSTree* tree = ts_parser_parse_string(parser, nullptr, text.data(), static_cast<std::uint32_t>(text.size()));
  ts_tree_delete(tree);
  ts_parser_delete(parser);
}

void report(std::string_view name, const Times& t, double mb, const Times& parse) {
  fmt::print("{:<28} {:7.2f} s wall {:7.2f} s processor {:6.1f} MB/s   {:.2f} x parse (processor)\n", name, t.wall,
             t.processor, mb / t.wall, t.processor / parse.processor);
}

void print_reach(std::string_view source, std::string_view command) {
  py::Settings settings;
  settings.add_command_text("command", command);
  const py::Program program(source, settings);
  const py::Module& m = program.module();
  for (const py::Function& f : m.functions) {
    const py::Truth runs = program.runs_function(static_cast<py::FunctionId>(&f - m.functions.data()));
    if (runs == py::Truth::yes || f.kind == py::Function::Kind::lambda) continue;
    fmt::print("{} {} {}\n", f.line, runs == py::Truth::no ? "never runs:" : "perhaps runs:", m.symbol(f.name));
  }
  for (const py::Stmt& s : m.stmts) {
    if (s.kind != py::StmtKind::if_ || program.folder().truth(s.value) == py::Truth::unknown) continue;
    fmt::print("{} {}: {}", s.line, program.folder().truth(s.value) == py::Truth::yes ? "true" : "false",
               m.text(s.value));
    for (const auto& origin : program.folder().reasons(s.value)) {
      fmt::print("  [{} {}={} line {}]", origin.file.empty() ? "default" : origin.file, origin.name, origin.value,
                 origin.line);
    }
    fmt::print("\n");
  }
}

// What every name and call on a line may be made of (flow_labels.h), under the defaults of the code.
void print_labels(std::string_view source, std::uint32_t line) {
  const py::Settings settings;
  const py::Flow flow(source, settings, true);
  const py::Module& m = flow.module();
  constexpr std::array<std::string_view, 9> kNames = {"val",  "train",     "gold",    "lookup", "blend",
                                                      "prob", "optimizer", "network", "payload"};
  for (py::ExprId e = 0; e < m.exprs.size(); ++e) {
    if (m.expr(e).line != line) continue;
    fmt::print("{:<40.40}", m.text(e));
    for (std::size_t i = 0; i < kNames.size(); ++i)
      if (flow.labels().of(e) >> i & 1) fmt::print(" {}", kNames[i]);
    fmt::print("{}\n", m.expr(e).stmt != py::kNone && flow.runs(m.expr(e).stmt) ? "" : "  (does not run)");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr,
               "usage: source_front_end ROOT [THREADS] [DUMP_FOLDER] | --dump FILE | --reach FILE [COMMAND] |\n"
               "       --labels FILE LINE | --parse ROOT [THREADS]\n");
    return 2;
  }
  if (argc > 2 && (std::string_view(argv[1]) == "--dump" || std::string_view(argv[1]) == "--reach")) {
    const auto content = pg::read_file(argv[2], 64u << 20);
    if (!content) return 2;
    const pg::verify::CodeFile code = pg::verify::unpack_code("train_gpt.py", *content);
    if (std::string_view(argv[1]) == "--dump") {
      fmt::print("{}", py::dump_module(py::parse_python(code.source), 64u << 20));
    } else {
      print_reach(code.source, argc > 3 ? argv[3] : "");
    }
    return 0;
  }
  if (argc > 3 && std::string_view(argv[1]) == "--labels") {
    const auto content = pg::read_file(argv[2], 64u << 20);
    if (!content) return 2;
    print_labels(pg::verify::unpack_code("train_gpt.py", *content).source,
                 static_cast<std::uint32_t>(std::stoul(argv[3])));
    return 0;
  }
  if (argc > 2 && std::string_view(argv[1]) == "--parse") {
    const unsigned threads = argc > 3 ? static_cast<unsigned>(std::stoul(argv[3])) : 2;
    const std::vector<Source> sources = read_sources(argv[2], threads);
    const Times parse = timed(sources, threads, [&](std::size_t i) { parse_only(sources[i].text); });
    fmt::print("tree-sitter: {:.2f} s wall, {:.2f} s processor, {} files\n", parse.wall, parse.processor,
               sources.size());
    return 0;
  }
  const unsigned threads = argc > 2 ? static_cast<unsigned>(std::stoul(argv[2])) : 2;
  const std::vector<Source> sources = read_sources(argv[1], threads);
  double mb = 0;
  for (const Source& s : sources) mb += static_cast<double>(s.text.size()) * 1e-6;
  fmt::print("{} sources, {:.1f} MB unwrapped, {} threads\n", sources.size(), mb, threads);
  if (argc > 3) {
    fs::create_directories(argv[3]);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      (void)pg::write_file_atomic(fs::path(argv[3]) / fmt::format("{:05}.py", i), sources[i].text);
    }
  }
  const Times parse = timed(sources, threads, [&](std::size_t i) { parse_only(sources[i].text); });
  std::atomic<std::uint64_t> exprs = 0, truncated = 0, errors = 0, gave_up = 0;
  std::mutex mutex;
  const Times lower = timed(sources, threads, [&](std::size_t i) {
    const py::Module module = py::parse_python(sources[i].text);
    exprs += module.exprs.size();
    truncated += module.truncated > 0;
    gave_up += module.gave_up;
    if (module.error_nodes + module.missing_nodes == 0 && module.truncated == 0 && !module.gave_up) return;
    errors += module.error_nodes + module.missing_nodes > 0;
    const std::lock_guard lock(mutex);
    fmt::print("  {}: {} error nodes, {} missing, {} cut, confidence {:.3f}\n", sources[i].path, module.error_nodes,
               module.missing_nodes, module.truncated, module.confidence);
  });
  std::atomic<std::uint64_t> functions = 0, unreached = 0, undecided = 0, calls = 0, resolved = 0, conditions = 0,
                             decided = 0;
  const Times whole = timed(sources, threads, [&](std::size_t i) {
    const py::Settings settings;
    const py::Program program(sources[i].text, settings);
    const py::Module& m = program.module();
    functions += m.functions.size();
    for (py::FunctionId f = 0; f < m.functions.size(); ++f) {
      unreached += program.runs_function(f) == py::Truth::no;
      undecided += program.runs_function(f) == py::Truth::unknown;
      calls += program.calls().calls_in(f).size();
      for (const py::ExprId call : program.calls().calls_in(f)) resolved += !program.calls().callees(call).empty();
    }
    for (const py::Stmt& s : m.stmts) {
      if (s.kind != py::StmtKind::if_) continue;
      ++conditions;
      decided += program.folder().truth(s.value) != py::Truth::unknown;
    }
  });
  report("tree-sitter parse", parse, mb, parse);
  report("parse + IR", lower, mb, parse);
  report("whole front end", whole, mb, parse);
  fmt::print("{} functions, {} not reached, {} perhaps; {} calls, {} into the file; {} conditions, {} decided\n",
             functions.load(), unreached.load(), undecided.load(), calls.load(), resolved.load(), conditions.load(),
             decided.load());
  fmt::print("{} files with errors, {} cut, {} given up; {} expressions\n", errors.load(), truncated.load(),
             gave_up.load(), exprs.load());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("peak memory {} MB (the sources included)\n", usage.ru_maxrss / 1024);
}
