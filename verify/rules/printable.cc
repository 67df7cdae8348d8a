#include "verify/rules/printable.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/file.h"
#include "reference/base/text.h"
#include "verify/rules/source_findings.h"
#include "verify/submission/reach.h"

namespace pg::verify {
namespace {

constexpr std::uint64_t kMaxSettingsBytes = 256u << 10;
constexpr std::size_t kMaxText = std::size_t{16} << 20;
constexpr std::size_t kMinWord = 3;
constexpr std::size_t kMinTemplateLetters = 4;
constexpr std::size_t kMaxTemplates = 4096;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_settings(std::string_view path) {
  if (path.ends_with("submission.json")) return false;
  for (const std::string_view end : {".sh", ".bash", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".json", ".ipynb"})
    if (path.ends_with(end)) return true;
  return false;
}

// Modules that are part of Python or that scripts of the challenge get from the image; they print no results of their
// own. A module that is neither here nor in the folder may hold the code that printed.
bool is_known_module(std::string_view name) {
  static constexpr std::string_view known =
      " __future__ abc argparse array ast asyncio atexit base64 binascii bisect brotli bz2 causal_conv1d"
      " codecs collections concurrent constriction contextlib copy csv ctypes cupy cutlass dataclasses"
      " datasets datetime decimal difflib einops enum errno faulthandler fcntl fla flash_attn"
      " flash_attn_2_cuda flash_attn_3 flash_attn_interface fnmatch fractions functools gc getpass glob gzip"
      " hashlib heapq hmac html huggingface_hub importlib inspect io itertools jax json keyword linecache"
      " locale logging lz4 lzma mamba_ssm math matplotlib mlx mmap msgpack multiprocessing numba numbers"
      " numpy nvidia operator os packaging pandas pathlib pickle pkgutil platform pprint psutil pyarrow"
      " queue random re requests resource runpy safetensors scipy secrets select sentencepiece shlex shutil"
      " signal site socket sqlite3 ssl stat statistics string struct subprocess sys sysconfig tarfile"
      " tempfile textwrap threading tiktoken time timeit tokenize tokenizers torch torch_xla torchao tqdm"
      " traceback transformers triton types typing typing_extensions unicodedata urllib uuid wandb warnings"
      " weakref xformers xml zipfile zlib zoneinfo zstandard zstd"
      " ";
  return known.find(fmt::format(" {} ", name.substr(0, name.find('.')))) != std::string_view::npos;
}

// Programs that print nothing of their own under the names of results.
bool is_known_program(std::string_view text) {
  const auto ends = [](char c) { return c == '"' || c == '\'' || c == ' ' || c == '/' || c == '('; };
  for (const std::string_view name : {"nvidia-smi", "git", "gcc", "g++", "clang", "nvcc", "pip", "which", "lscpu",
                                      "uname", "hostname", "free", "df", "cc", "c++", "ninja", "zstd", "xz", "brotli"})
    for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1))
      if (at > 0 && ends(text[at - 1]) && at + name.size() < text.size() && ends(text[at + name.size()])) return true;
  return false;
}

bool is_in_folder(const Submission& s, std::string_view module) {
  const std::string name(module.substr(0, module.find('.')));
  return std::any_of(s.folder.files.begin(), s.folder.files.end(),
                     [&](const FileEntry& file) {
                       return file.path.ends_with(name + ".py") || file.path.find(name + "/") != std::string::npos;
                     }) ||
         std::any_of(s.code.begin(), s.code.end(),
                     [&](const CodeFile& code) { return code.path.ends_with(name + ".py"); });
}

// "subprocess.run", "os.system", "exec": a program or code that runs and may print.
bool starts_program(std::string_view callee) {
  if (callee == "exec" || callee.starts_with("runpy.")) return true;
  if (callee == "os.system" || callee == "os.popen" || callee.starts_with("os.exec") || callee.starts_with("os.spawn"))
    return true;
  return callee.starts_with("subprocess.") && !callee.ends_with(".PIPE");
}

std::string hole_of(const Submission& s, const SourceReading::File& file) {
  const py::Module& m = file.flow->module();
  for (const CodeReference& reference : file.code->references)
    if (reference.kind == CodeReference::Kind::exec && find_code(s, reference.target) == nullptr)
      return fmt::format("{} runs {}, which is not in the folder", file.code->path, escape_line(reference.target, 60));
  for (const py::Import& import : m.all_imports)
    if (!import.module.starts_with('.') && !import.module.empty() && !is_known_module(import.module) &&
        !is_in_folder(s, import.module))
      return fmt::format("{} imports {}, which is not in the folder", file.code->path, escape_line(import.module, 60));
  for (py::ExprId e = 0; e < m.exprs.size(); ++e) {
    if (m.expr(e).kind != py::ExprKind::call || !starts_program(m.dotted_name(m.operand(e, 0)))) continue;
    const std::string_view arguments = m.text(e);
    const bool in_folder = std::any_of(s.code.begin(), s.code.end(), [&](const CodeFile& code) {
      return arguments.find(code.path) != std::string_view::npos;
    });
    if (!is_known_program(arguments) && !in_folder)
      return fmt::format("{} runs a program or other code in line {}", file.code->path, m.expr(e).line);
  }
  return "";
}

}  // namespace

Printable::Printable(const Submission& s) : submission_(s) {
  const auto add = [&](std::string_view text) {
    if (text_.size() + text.size() > kMaxText) {
      is_whole_ = false;
      return;
    }
    text_ += to_lower(text);
    text_ += '\n';
  };
  for (const CodeFile& code : s.code) add(code.source);
  for (const FileEntry& file : s.folder.files) {
    if (!is_settings(file.path) || file.bytes > kMaxSettingsBytes) continue;
    if (const auto text = read_file(s.folder.root / file.path, kMaxSettingsBytes)) add(*text);
  }
}

const std::vector<std::vector<std::string>>& Printable::templates() const {
  if (templates_) return *templates_;
  templates_.emplace();
  for (const SourceReading::File& file : source_reading(submission_).files) {
    const py::Module& m = file.flow->module();
    for (py::ExprId e = 0; e < m.exprs.size() && templates_->size() < kMaxTemplates; ++e) {
      if (m.expr(e).kind != py::ExprKind::fstring) continue;
      std::vector<std::string> parts;
      std::size_t letters = 0;
      bool value = false;
      for (const py::ExprId part : m.operands(e)) {
        value = value || m.expr(part).kind == py::ExprKind::interpolation;
        if (m.expr(part).kind != py::ExprKind::string) continue;
        parts.push_back(m.string_value(part));
        letters += static_cast<std::size_t>(std::count_if(parts.back().begin(), parts.back().end(), is_letter));
      }
      if (value && letters >= kMinTemplateLetters) templates_->push_back(std::move(parts));
    }
  }
  return *templates_;
}

std::string Printable::hole() const {
  const SourceReading& reading = source_reading(submission_);
  if (!is_whole_) return "the code is too large to be searched";
  if (!reading.unread.empty()) return fmt::format("the script could not be read ({})", escape_line(reading.unread));
  for (const CodeFile& code : submission_.code)
    if (!code.opaque.empty()) return fmt::format("{} could not be read", code.path);
  for (const SourceReading::File& file : reading.files)
    if (std::string hole = hole_of(submission_, file); !hole.empty()) return hole;
  return "";
}

bool Printable::stands_somewhere(const std::string& word) const {
  const auto [known, added] = known_.try_emplace(word, false);
  if (added) known->second = text_.find(word) != std::string::npos;
  return known->second;
}

std::vector<std::string> Printable::foreign_words(std::string_view name, const LogRun& run) const {
  std::vector<std::string> foreign;
  for (std::size_t i = 0; i < name.size();) {
    std::size_t end = i;
    while (end < name.size() && is_letter(name[end])) ++end;
    const std::string word = to_lower(name.substr(i, end - i));
    i = end + 1;
    if (word.size() < kMinWord || stands_somewhere(word)) continue;
    const bool is_value = std::any_of(run.hyperparameters.begin(), run.hyperparameters.end(), [&](const auto& p) {
      return contains_ignore_case(p.second.value.value_or(""), word);
    });
    if (!is_value) foreign.push_back(word);
  }
  return foreign;
}

bool Printable::fits_template(std::string_view line) const {
  return std::any_of(templates().begin(), templates().end(), [&](const std::vector<std::string>& parts) {
    std::size_t at = 0;
    for (const std::string& part : parts) {
      const std::string_view wanted = trim(part);  // the line's ends are trimmed, a part may end in a newline
      at = line.find(wanted, at);
      if (at == std::string_view::npos) return false;
      at += wanted.size();
    }
    return true;
  });
}

}  // namespace pg::verify
