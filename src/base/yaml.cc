#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <unordered_set>

#include "base/fault.h"
#include "base/text.h"

namespace dos {
namespace {

[[noreturn]] void fail_yaml(fault_kind kind, std::string const& why, YAML::Mark const& at) {
  auto const where = at.line >= 0 ? " in line " + std::to_string(at.line + 1) : std::string();
  throw fault(kind, "not valid YAML" + where + ": " + why);
}

template <typename Predicate>
std::size_t take_while(std::string_view s, std::size_t from, Predicate fits) {
  while (from < s.size() && fits(s[from])) ++from;
  return from;
}

bool is_decimal(char c) { return c >= '0' && c <= '9'; }

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_core_number(std::string_view s, bool& is_integer) {
  auto at = std::size_t(!s.empty() && (s[0] == '-' || s[0] == '+'));
  auto const whole = take_while(s, at, is_decimal);
  auto const whole_digits = whole - at;
  at = whole;
  is_integer = whole_digits > 0 && at == s.size();
  if (at < s.size() && s[at] == '.') {
    auto const fraction = take_while(s, at + 1, is_decimal);
    if (whole_digits == 0 && fraction == at + 1) return false;
    at = fraction;
  } else if (whole_digits == 0) {
    return false;
  }
  if (at < s.size() && (s[at] == 'e' || s[at] == 'E')) {
    ++at;
    if (at < s.size() && (s[at] == '-' || s[at] == '+')) ++at;
    auto const exponent = take_while(s, at, is_decimal);
    if (exponent == at) return false;
    at = exponent;
  }
  return at == s.size();
}

bool find_in_base(std::string_view digits, int base, std::int64_t& n) {
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n, base);
  return error == std::errc() && end == digits.data() + digits.size() && digits[0] != '-';
}

json::value to_core_value(std::string const& text, YAML::Mark const& at) {
  auto const s = std::string_view(text);
  if (s.empty() || s == "~" || s == "null" || s == "Null" || s == "NULL") return nullptr;
  if (s == "true" || s == "True" || s == "TRUE") return true;
  if (s == "false" || s == "False" || s == "FALSE") return false;
  auto n = std::int64_t(0);
  if (s.size() > 2 && s.starts_with("0o") && find_in_base(s.substr(2), 8, n)) return n;
  if (s.size() > 2 && s.starts_with("0x") && find_in_base(s.substr(2), 16, n)) return n;
  auto is_integer = false;
  if (is_core_number(s, is_integer)) {
    auto const unsigned_part = s[0] == '+' ? s.substr(1) : s;
    if (is_integer) {
      if (auto const i = text::to_int(unsigned_part)) return *i;
    }
    auto d = 0.0;
    auto const [end, error] = std::from_chars(unsigned_part.data(), unsigned_part.data() + unsigned_part.size(), d);
    if (error == std::errc::result_out_of_range)
      fail_yaml(fault_kind::malformed, "the number " + text + " is too large", at);
    return d;
  }
  auto const magnitude = s[0] == '-' || s[0] == '+' ? s.substr(1) : s;
  if (magnitude == ".inf" || magnitude == ".Inf" || magnitude == ".INF" || s == ".nan" || s == ".NaN" || s == ".NAN") {
    fail_yaml(fault_kind::malformed, text + " has no place in JSON", at);
  }
  return s;
}

class yaml_reader {
 public:
  json::value read(YAML::Node const& node, int depth) {
    if (depth > yaml_depth_max) {
      fail_yaml(fault_kind::too_large, "nested deeper than " + std::to_string(yaml_depth_max), node.Mark());
    }
    if (++values_ > yaml_values_max) {
      fail_yaml(fault_kind::too_large, "more than " + std::to_string(yaml_values_max) + " values", node.Mark());
    }
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return read_scalar(node);
      case YAML::NodeType::Sequence: {
        require_tag(node, "tag:yaml.org,2002:seq");
        auto items = json::array();
        items.reserve(node.size());
        for (auto const& item : node) items.push_back(read(item, depth + 1));
        return items;
      }
      case YAML::NodeType::Map: {
        require_tag(node, "tag:yaml.org,2002:map");
        auto members = json::object();
        auto keys = std::unordered_set<std::string_view>();
        members.reserve(node.size());
        for (auto const& item : node) {
          if (!item.first.IsScalar()) fail_yaml(fault_kind::malformed, "a key has to be a scalar", item.first.Mark());
          auto const& key = text_of(item.first);
          if (!keys.insert(key).second) {
            fail_yaml(fault_kind::malformed, "the key \"" + key + "\" comes twice", item.first.Mark());
          }
          members.push(key, read(item.second, depth + 1));
        }
        return members;
      }
      default:
        return nullptr;
    }
  }

 private:
  // The library writes some escapes ("\\N") as single bytes.
  static std::string const& text_of(YAML::Node const& node) {
    auto const& text = node.Scalar();
    if (!text::is_utf8(text))
      fail_yaml(fault_kind::malformed, "an escape stands for something unreadable", node.Mark());
    return text;
  }

  static json::value read_scalar(YAML::Node const& node) {
    auto const& tag = node.Tag();
    auto const& text = text_of(node);
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return std::string_view(text);
    if (tag.empty() || tag == "?") return to_core_value(text, node.Mark());
    auto value = to_core_value(text, node.Mark());
    auto const fits =
        (tag == "tag:yaml.org,2002:int" && value.is_int()) || (tag == "tag:yaml.org,2002:float" && value.is_number()) ||
        (tag == "tag:yaml.org,2002:bool" && value.is_bool()) || (tag == "tag:yaml.org,2002:null" && value.is_null());
    if (!fits) fail_yaml(fault_kind::malformed, "the tag " + tag + " is unknown or does not fit", node.Mark());
    return value;
  }

  static void require_tag(YAML::Node const& node, std::string_view expected) {
    auto const& tag = node.Tag();
    if (!tag.empty() && tag != "?" && tag != "!" && tag != expected) {
      fail_yaml(fault_kind::malformed, "the tag " + tag + " is unknown or does not fit", node.Mark());
    }
  }

  std::size_t values_ = 0;
};

// Looks at a document without keeping it.
class document_start final : public YAML::EventHandler {
 public:
  void OnDocumentStart(YAML::Mark const& at) override { begin = at; }
  void OnDocumentEnd() override {}
  void OnNull(YAML::Mark const&, YAML::anchor_t) override {}
  void OnAlias(YAML::Mark const&, YAML::anchor_t) override {}
  void OnScalar(YAML::Mark const&, std::string const&, YAML::anchor_t, std::string const&) override {}
  void OnSequenceStart(YAML::Mark const&, std::string const&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(YAML::Mark const&, std::string const&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  YAML::Mark begin;
};

// The library reads on for ever where a bracket stands after the end, so its own reader of all documents can't be
// asked.
bool has_one_document(std::string const& text) {
  auto stream = std::istringstream(text);
  auto parser = YAML::Parser(stream);
  auto handler = document_start();
  if (!parser.HandleNextDocument(handler)) return false;
  if (parser.HandleNextDocument(handler)) {
    fail_yaml(fault_kind::malformed, "something follows the end of the document", handler.begin);
  }
  return true;
}

}  // namespace

json::value parse_yaml(std::string_view text) {
  require(text.size() <= yaml_bytes_max, fault_kind::too_large,
          "the YAML text is larger than " + std::to_string(yaml_bytes_max) + " bytes");
  require(text::is_utf8(text), fault_kind::malformed, "the YAML text is not UTF-8");
  auto const is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  };
  require(std::none_of(text.begin(), text.end(), is_control), fault_kind::malformed,
          "the YAML text has control characters in it");
  try {
    auto const owned = std::string(text);
    return has_one_document(owned) ? yaml_reader().read(YAML::Load(owned), 0) : json::value();
  } catch (YAML::Exception const& e) {
    fail_yaml(fault_kind::malformed, e.msg, e.mark);
  }
}

std::size_t find_yaml_line(std::string_view text, std::string_view member) {
  try {
    auto node = YAML::Load(std::string(text));
    auto line = node.Mark().line;
    while (!member.empty()) {
      if (member[0] == '[' && node.IsSequence()) {
        auto const end = member.find(']');
        auto const at = end == member.npos ? std::nullopt : text::to_int(member.substr(1, end - 1));
        if (!at || *at < 0 || std::size_t(*at) >= node.size()) break;
        node.reset(node[std::size_t(*at)]);
        line = node.Mark().line;
        member.remove_prefix(end + 1);
      } else if (node.IsMap()) {
        auto longest = YAML::Node();
        auto value = YAML::Node();
        for (auto const& item : node) {
          auto const key = item.first.Scalar();
          auto const rest = member.starts_with(key) ? member.substr(key.size()) : "x";
          if (!rest.empty() && rest[0] != '.' && rest[0] != '[') continue;
          if (longest.IsDefined() && !longest.IsNull() && longest.Scalar().size() >= key.size()) continue;
          longest.reset(item.first);
          value.reset(item.second);
        }
        if (longest.IsNull()) break;
        line = longest.Mark().line;
        member.remove_prefix(longest.Scalar().size());
        node.reset(value);
      } else {
        break;
      }
      if (member.starts_with('.')) member.remove_prefix(1);
    }
    return std::size_t(line + 1);
  } catch (YAML::Exception const&) {
    return 0;
  }
}

}  // namespace dos
