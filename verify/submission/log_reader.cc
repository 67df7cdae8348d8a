// Bytes -> lines -> segments between lines of 100 '=' -> embedded source or run output.
#include <algorithm>
#include <optional>
#include <utility>

#include "reference/base/file.h"
#include "reference/base/sha256.h"
#include "reference/base/text.h"
#include "verify/submission/line_pattern.h"
#include "verify/submission/log.h"
#include "verify/submission/log_lines.h"

namespace pg::verify {
namespace {

constexpr std::size_t kMaxLine = 64 * 1024;
constexpr std::size_t kMaxSegment = 4 * 1024 * 1024;  // text held back until it is known whether it is source
const std::string kSeparator(100, '=');

bool starts_python(std::string_view line) {
  return line.starts_with("import ") || line.starts_with("from ") || line.starts_with("\"") ||
         line.starts_with("'''") || line.starts_with("#!") || line.starts_with("def ") || line.starts_with("class ") ||
         line.starts_with("r\"\"\"") || line.starts_with("_A=") || line.starts_with("#");
}

bool is_python_statement(std::string_view line) {
  return line.starts_with("import ") || line.starts_with("def ") || line.starts_with("class ") ||
         line.starts_with("    return") || line.starts_with("\treturn") ||
         (line.starts_with("from ") && line.find(" import ") != std::string_view::npos);
}

// Whether two runs of a file are one run printed twice: same seed, same claimed line, same stop.
bool same_run(const LogRun& a, const LogRun& b) {
  return a.val_bpb && b.val_bpb && a.val_bpb->text == b.val_bpb->text && a.metric_name == b.metric_name &&
         a.seed.value == b.seed.value && a.train_time_ms.value == b.train_time_ms.value &&
         a.steps.value == b.steps.value;
}

class LogParser {
 public:
  explicit LogParser(std::string path) { log_.path = std::move(path); }

  void feed(std::string_view chunk) {
    sha_.update(chunk);
    if (log_.bytes == 0) chunk.remove_prefix(byte_order_mark(chunk));
    log_.bytes += chunk.size();
    if (utf16_)
      split(utf16_->decode(chunk));
    else
      split(chunk);
  }

  // What stands at the start of the file is in its first piece (pieces are 256 KiB). Returns the mark's length.
  std::size_t byte_order_mark(std::string_view chunk) {
    if (chunk.starts_with("\xEF\xBB\xBF")) return log_.bytes = 3;
    if (!chunk.starts_with("\xFF\xFE") && !chunk.starts_with("\xFE\xFF")) return 0;
    utf16_.emplace(chunk[0] == '\xFE');
    log_.is_utf16 = true;
    return log_.bytes = 2;
  }

  void split(std::string_view chunk) {
    while (!chunk.empty()) {
      const std::size_t end = chunk.find('\n');
      const std::string_view piece = chunk.substr(0, end);
      if (end == std::string_view::npos) {
        append(piece);
        return;
      }
      if (pending_.empty()) {
        line(piece);
      } else {
        append(piece);
        line(pending_);
        pending_.clear();
      }
      chunk.remove_prefix(end + 1);
    }
  }

  LogFile finish() {
    if (!pending_.empty()) {
      log_.ends_without_newline = true;
      line(pending_);
    }
    flush_segment();
    log_.runs = runs_.finish(log_.aborted_starts);
    log_.too_many_events = runs_.too_many();
    for (LogRun& run : log_.runs) resolve_run(run);
    for (std::size_t i = 1; i < log_.runs.size(); ++i)
      log_.same_run_twice = log_.same_run_twice || same_run(log_.runs[i - 1], log_.runs[i]);
    log_.sha256 = sha_.hex();
    return std::move(log_);
  }

 private:
  // Keeps at most kMaxLine bytes of an unfinished line; the overflow is counted once.
  void append(std::string_view piece) {
    const std::size_t room = kMaxLine - std::min(kMaxLine, pending_.size());
    if (piece.size() > room && pending_.size() < kMaxLine + 1) ++log_.long_lines;
    pending_ += piece.substr(0, room);
    if (piece.size() > room && pending_.size() == kMaxLine) pending_ += '\0';  // marks the line as counted
  }

  void line(std::string_view text) {
    ++log_.lines;
    if (text.size() > kMaxLine) {
      if (text.size() != kMaxLine + 1 || text.back() != '\0') ++log_.long_lines;
      text = text.substr(0, kMaxLine);
    }
    inspect(text);
    if (!text.empty() && text.back() == '\r') {
      log_.has_crlf = true;
      text.remove_suffix(1);
    }
    if (log_.lines == 1) log_.has_epoch_prefix = has_epoch(text);
    if (log_.has_epoch_prefix && has_epoch(text)) text.remove_prefix(15);
    if (streaming_)
      output(text, log_.lines);
    else
      hold(text);
  }

  static bool has_epoch(std::string_view text) {
    Captures c;
    return text.size() >= 15 && text[10] == '.' && text[14] == ' ' && match_line(text.substr(0, 14), "#.#", c) &&
           c[0].size() == 10;
  }

  void inspect(std::string_view text) {
    unsigned char bits = 0;
    for (const char c : text) bits |= static_cast<unsigned char>(c);
    if ((bits & 0x80) != 0 && !log_.has_invalid_utf8) log_.has_invalid_utf8 = to_utf8(text) != text;
    log_.has_nul = log_.has_nul || text.find('\0') != std::string_view::npos;
  }

  void output(std::string_view text, std::uint32_t number) {
    // A progress bar overwrites its line: what stays on the screen is behind the last carriage return.
    if (const auto cr = text.rfind('\r'); cr != std::string_view::npos) text.remove_prefix(cr + 1);
    if (text == kSeparator)
      streaming_ = false;
    else
      runs_.add_line(text, number);
  }

  void hold(std::string_view text) {
    if (text == kSeparator) {
      close_segment();
      return;
    }
    if (segment_.empty()) segment_line_ = log_.lines;
    segment_ += text;
    segment_ += '\n';
    if (segment_.size() > kMaxSegment) {
      flush_segment();
      streaming_ = true;
    }
  }

  // A separator ends the held text: it is embedded source where it looks like Python.
  void close_segment() {
    std::size_t start = std::string::npos, statements = 0;
    std::uint32_t number = segment_line_, start_line = 0;
    for (std::size_t i = 0; i < segment_.size(); ++number) {
      const std::size_t end = segment_.find('\n', i);
      const std::string_view text = std::string_view(segment_).substr(i, end - i);
      if (start == std::string::npos && starts_python(text)) {
        start = i;
        start_line = number;
      }
      if (start != std::string::npos && is_python_statement(text)) ++statements;
      i = end + 1;
    }
    if (statements < 3 && !is_wrapper(start)) {
      flush_segment();
      return;
    }
    EmbeddedSource source;
    source.first_line = start_line;
    source.last_line = number - 1;
    source.text = segment_.substr(start);
    source.text.pop_back();
    source.bytes = source.text.size();
    source.sha256 = sha256_hex(source.text);
    segment_.resize(start);
    flush_segment();
    runs_.add_source(std::move(source));
  }

  // A self-extracting script is a line or two with a huge literal.
  bool is_wrapper(std::size_t start) const {
    return start != std::string::npos && segment_.size() > start + 1000 &&
           segment_.find("exec(", start) != std::string::npos;
  }

  void flush_segment() {
    std::string text = std::exchange(segment_, {});
    std::uint32_t number = segment_line_;
    for (std::size_t i = 0; i < text.size(); ++number) {
      const std::size_t end = text.find('\n', i);
      output(std::string_view(text).substr(i, end - i), number);
      i = end + 1;
    }
  }

  LogFile log_;
  Sha256 sha_;
  std::optional<Utf16Decoder> utf16_;
  RunCollector runs_;
  std::string pending_;             // the line that the chunks so far have not ended
  std::string segment_;             // held-back lines
  std::uint32_t segment_line_ = 1;  // number of the first of them
  bool streaming_ = false;          // too much to hold: lines go to the runs at once, up to the next separator
};

}  // namespace

bool LogFile::is_run_log() const {
  return !runs.empty() && runs.back().progressed();
}

LogFile read_log_text(std::string path, std::string_view content) {
  LogParser parser(std::move(path));
  parser.feed(content);
  return parser.finish();
}

Result<LogFile> read_log(const std::filesystem::path& file, std::string path) {
  LogParser parser(std::move(path));
  const auto read = read_chunks(file, [&](std::string_view chunk) {
    parser.feed(chunk);
    return true;
  });
  if (!read) return read.error();
  return parser.finish();
}

}  // namespace pg::verify
