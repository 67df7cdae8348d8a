#include "reference/train/safetensors.h"

#include <ATen/ops/empty.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "reference/base/output_file.h"
#include "reference/base/text.h"

namespace pg::train {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr std::size_t kMaxTensors = 1'000'000, kMaxDimensions = 16;

constexpr std::array<std::pair<const char*, at::ScalarType>, 7> kTypes = {{{"F64", at::kDouble},
                                                                           {"F32", at::kFloat},
                                                                           {"BF16", at::kBFloat16},
                                                                           {"F16", at::kHalf},
                                                                           {"I64", at::kLong},
                                                                           {"I32", at::kInt},
                                                                           {"U8", at::kByte}}};

const char* name_of(at::ScalarType type) {
  for (const auto& [name, known] : kTypes)
    if (known == type) return name;
  return nullptr;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool read_at(int fd, void* to, std::uint64_t count, std::uint64_t offset) {
  char* next = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t n = ::pread(fd, next, std::min<std::uint64_t>(count, 1 << 30), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    next += n;
    offset += static_cast<std::uint64_t>(n);
    count -= static_cast<std::uint64_t>(n);
  }
  return true;
}

struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

// One tensor's description; false if it makes no sense for `data_bytes` of data.
bool parse_entry(const json& object, std::uint64_t data_bytes, Entry& out) {
  if (!object.is_object() || !object.contains("dtype") || !object.contains("shape") || !object.contains("data_offsets"))
    return false;
  const json &dtype = object["dtype"], &shape = object["shape"], &offsets = object["data_offsets"];
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return dtype == t.first; });
  if (type == kTypes.end() || !shape.is_array() || shape.size() > kMaxDimensions || !offsets.is_array() ||
      offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned())
    return false;
  out.type = type->second;
  out.begin = offsets[0];
  out.end = offsets[1];
  std::uint64_t bytes = c10::elementSize(out.type);
  for (const json& extent : shape) {
    if (!extent.is_number_unsigned()) return false;
    const std::uint64_t n = extent;
    if (n > data_bytes || (n > 0 && bytes > data_bytes / n)) return false;
    bytes *= n;
    out.shape.push_back(static_cast<std::int64_t>(n));
  }
  return out.begin <= out.end && out.end <= data_bytes && out.end - out.begin == bytes;
}

}  // namespace

Result<std::uint64_t> write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const char* type = name_of(tensor.scalar_type());
    if (!type) return Error{fmt::format("{}: safetensors has no type for {}", escape_line(path.string()), name)};
    header[name] = {
        {"dtype", type}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  auto file = OutputFile::create(path);
  if (!file) return file.error();
  std::string length(8, '\0');
  for (int i = 0; i < 8; ++i) length[static_cast<std::size_t>(i)] = static_cast<char>(text.size() >> (8 * i) & 0xFF);
  if (const Status status = file->write(length + text); !status) return status.error();
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor host = tensor.detach().cpu().contiguous();
    if (const Status status = file->write(host.const_data_ptr(), host.nbytes()); !status) return status.error();
  }
  if (const Status status = file->commit(); !status) return status.error();
  return file->size();
}

Result<SafeTensors> read_safetensors(const std::filesystem::path& path) {
  const std::string where = escape_line(path.string());
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0)
    return Error{fmt::format("cannot open {}: {}", where, std::strerror(errno))};
  if (!S_ISREG(info.st_mode)) return Error{where + " is not a regular file"};
  const auto damaged = [&](std::string_view what) {
    return Error{fmt::format("{} is no safetensors file: {}", where, what)};
  };
  const auto size = static_cast<std::uint64_t>(info.st_size);
  std::array<unsigned char, 8> length{};
  if (size < 8 || !read_at(file.get(), length.data(), 8, 0)) return damaged("shorter than its header's length");
  std::uint64_t header_bytes = 0;
  for (std::size_t i = 8; i-- > 0;) header_bytes = header_bytes << 8 | length[i];
  if (header_bytes > kMaxHeader || header_bytes > size - 8) return damaged("its header does not fit into it");
  std::string text(header_bytes, '\0');
  if (!read_at(file.get(), text.data(), header_bytes, 8)) return damaged("its header cannot be read");
  const json header = json::parse(text, nullptr, false);
  if (!header.is_object() || header.size() > kMaxTensors) return damaged("its header is no JSON object");

  SafeTensors out;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      for (const auto& [key, word] : value.items())
        if (word.is_string()) out.metadata[key] = word.get<std::string>();
      continue;
    }
    Entry entry;
    entry.name = name;
    if (!parse_entry(value, size - 8 - header_bytes, entry))
      return damaged(fmt::format("the description of '{}' does not fit", escape_line(name, 80)));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t next = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != next) return damaged(fmt::format("gap or overlap before '{}'", escape_line(entry.name, 80)));
    next = entry.end;
    at::Tensor tensor = at::empty(entry.shape, entry.type);
    if (!read_at(file.get(), tensor.mutable_data_ptr(), entry.end - entry.begin, 8 + header_bytes + entry.begin))
      return damaged(fmt::format("'{}' cannot be read", escape_line(entry.name, 80)));
    out.tensors[entry.name] = std::move(tensor);
  }
  if (next != size - 8 - header_bytes) return damaged("bytes behind its last tensor");
  return out;
}

}  // namespace pg::train
