#include "verify/source/settings.h"

#include <algorithm>

#include "reference/base/text.h"

namespace pg::verify::py {
namespace {

constexpr std::size_t kMaxOrigins = 8, kMaxSettings = 4096, kMaxCommandBytes = 4096;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(std::string_view text) {
  return !text.empty() && is_name_start(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_name_start(c) || (c >= '0' && c <= '9'); });
}

// The words of a shell command, quotes taken off. A word with a $ or a back quote in it depends on the shell:
// `dynamic`.
struct Word {
  std::string text;
  bool dynamic = false;
};

std::vector<Word> split_words(std::string_view line) {
  std::vector<Word> words;
  Word word;
  bool open = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word.text += c;
        word.dynamic = word.dynamic || (quote == '"' && (c == '$' || c == '`'));
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      open = true;
    } else if (c == ' ' || c == '\t' || c == ';' || c == '`') {
      if (open) words.push_back(std::move(word));
      word = {};
      open = false;
    } else if (c == '#' && !open) {
      break;
    } else {
      word.text += c;
      word.dynamic = word.dynamic || c == '$';
      open = true;
    }
  }
  if (open) words.push_back(std::move(word));
  return words;
}

bool is_runner(std::string_view word) {
  const auto slash = word.rfind('/');
  if (slash != std::string_view::npos) word.remove_prefix(slash + 1);
  return word.starts_with("python") || word == "torchrun" || word == "accelerate" || word == "deepspeed";
}

// Calls use(name, value) for what one command sets.
template <class Use>
void read_command(const std::vector<Word>& words, Use use) {
  const auto runner = std::ranges::find_if(words, [](const Word& w) { return is_runner(w.text); });
  const auto names = [](const Word& w) { return is_name(std::string_view(w.text).substr(0, w.text.find('='))); };
  const auto assignment = [&](const Word& w) {
    const auto equals = w.text.find('=');
    if (equals != std::string::npos && !w.dynamic && names(w)) use(w.text.substr(0, equals), w.text.substr(equals + 1));
  };
  const auto exported = std::ranges::find(words, "export", &Word::text);
  if (exported != words.end()) {
    std::for_each(exported + 1, words.end(), assignment);
    return;
  }
  if (runner == words.end()) return;
  std::for_each(words.begin(), runner, assignment);
  // The script's own options, not torchrun's.
  const auto script = std::find_if(runner, words.end(), [](const Word& w) { return w.text.ends_with(".py"); });
  for (auto word = script; word != words.end(); ++word) {
    if (!word->text.starts_with("--")) continue;
    std::string name = word->text.substr(2);
    const auto equals = name.find('=');
    const bool has_value = equals == std::string::npos && word + 1 != words.end() && !word[1].text.starts_with("--");
    std::string value = equals != std::string::npos ? name.substr(equals + 1) : has_value ? word[1].text : "True";
    name.resize(std::min(name.size(), equals));
    std::ranges::replace(name, '-', '_');
    if (is_name(name) && !word->dynamic && !(has_value && word[1].dynamic)) use(std::move(name), std::move(value));
  }
}

}  // namespace

void Settings::add(Table& table, SettingOrigin origin, bool converted) {
  if (table.size() >= kMaxSettings) return;
  const auto [found, is_new] = table.try_emplace(to_lower(origin.name));
  Setting& setting = found->second;
  if (is_new) {
    setting.value = origin.value;
    setting.converted = converted;
  } else if (setting.value != origin.value) {
    // The second voice of a disagreement is kept even where there is no room.
    if (!setting.conflicting && setting.origins.size() >= kMaxOrigins) setting.origins.pop_back();
    setting.conflicting = true;
  }
  if (setting.origins.size() < kMaxOrigins) setting.origins.push_back(std::move(origin));
}

void Settings::add_log(std::string_view file, const std::map<std::string, Logged<std::string>>& hyperparameters) {
  for (const auto& [name, logged] : hyperparameters) {
    if (!logged) continue;
    add(log_, {SettingOrigin::Kind::log, std::string(file), logged.line, name, *logged}, true);
  }
}

void Settings::add_command_text(std::string_view file, std::string_view text) {
  std::string command;
  std::uint32_t line = 0, first_line = 1;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view piece = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    if (command.empty()) first_line = line;
    const bool continued = piece.ends_with('\\');
    if (continued) piece.remove_suffix(1);
    if (piece.starts_with("$ ")) piece.remove_prefix(2);
    if (command.size() + piece.size() < kMaxCommandBytes) command.append(piece).append(" ");
    if (continued && !text.empty()) continue;
    if (command.find("python") != std::string::npos || command.find("torchrun") != std::string::npos ||
        command.find("export ") != std::string::npos || command.find("accelerate") != std::string::npos ||
        command.find("deepspeed") != std::string::npos) {
      read_command(split_words(command), [&](std::string name, std::string value) {
        add(command_, {SettingOrigin::Kind::command, std::string(file), first_line, std::move(name), std::move(value)},
            false);
      });
    }
    command.clear();
  }
}

const Setting* Settings::find(std::string_view name) const {
  const std::string lower = to_lower(name);
  for (const Table* table : {&log_, &command_}) {
    if (const auto found = table->find(lower); found != table->end()) return &found->second;
  }
  return nullptr;
}

}  // namespace pg::verify::py
