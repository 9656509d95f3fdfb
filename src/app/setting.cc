#include "app/setting.h"

#include <algorithm>

#include "base/fault.h"
#include "http/url.h"
#include "net/address.h"

namespace dos::app {
namespace {

[[noreturn]] void refuse(std::string const& name, std::string const& wanted, json::value const& v) {
  throw fault(fault_kind::invalid, name + " wants " + wanted + ", not " + json::to_string(v));
}

setting const& get_setting(std::string const& name, std::vector<setting> const& known, std::string const& key) {
  auto const it = std::find_if(known.begin(), known.end(), [&](setting const& s) { return s.key == key; });
  if (it != known.end()) return *it;
  auto names = std::string();
  for (auto const& s : known) names += (names.empty() ? "" : ", ") + s.key;
  throw fault(fault_kind::invalid, name + "unknown key \"" + key + "\"; there are " + names, key);
}

// A rule whose words are read by a parser of ours.
template <typename Parse>
setting_rule parsed(std::string wanted, Parse parse) {
  return [wanted = std::move(wanted), parse](std::string const& name, json::value const& v) {
    try {
      if (!v.is_string()) refuse(name, wanted, v);
      parse(v.as_string());
    } catch (fault const&) {
      refuse(name, wanted, v);
    }
  };
}

}  // namespace

setting_rule whole_number(std::int64_t least, std::int64_t most) {
  return [=](std::string const& name, json::value const& v) {
    if (!v.is_int() || v.as_int() < least || v.as_int() > most) {
      refuse(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), v);
    }
  };
}

setting_rule real_number(double least, double most) {
  return [=](std::string const& name, json::value const& v) {
    if (v.is_number() && v.as_double() >= least && v.as_double() <= most) return;
    refuse(name, "a number from " + json::to_string(least) + " to " + json::to_string(most), v);
  };
}

setting_rule yes_or_no() {
  return [](std::string const& name, json::value const& v) {
    if (!v.is_bool()) refuse(name, "true or false", v);
  };
}

setting_rule words() {
  return [](std::string const& name, json::value const& v) {
    if (!v.is_string()) refuse(name, "text", v);
  };
}

setting_rule list_of(setting_rule each) {
  return [each = std::move(each)](std::string const& name, json::value const& v) {
    if (!v.is_array()) refuse(name, "a list", v);
    for (auto const& item : v.as_array()) each("an entry of " + name, item);
  };
}

setting_rule section(std::vector<setting> keys) {
  return [keys = std::move(keys)](std::string const& name, json::value const& v) {
    if (!v.is_object()) refuse(name, "keys and values", v);
    for (auto const& m : v.as_object()) get_setting(name + ": ", keys, m.key).rule(name + '.' + m.key, m.value);
  };
}

setting_rule any_section() {
  return [](std::string const& name, json::value const& v) {
    if (!v.is_object()) refuse(name, "keys and values", v);
  };
}

setting_rule table_of(setting_rule each) {
  return [each = std::move(each)](std::string const& name, json::value const& v) {
    if (!v.is_object()) refuse(name, "keys and values", v);
    for (auto const& m : v.as_object()) each(name + ": " + m.key, m.value);
  };
}

setting_rule web_address() {
  return parsed("an address like https://example.org", [](std::string_view text) {
    if (!text.empty()) require(http::parse_url(text).scheme.starts_with("http"), fault_kind::invalid, "http or https");
  });
}

setting_rule address_ranges() {
  return parsed("an address or a range of them like 10.0.0.0/8, fd00::/8 or localhost",
                [](std::string_view text) { net::parse_ip_ranges({std::string(text)}); });
}

setting_rule either(setting_rule one, setting_rule other) {
  return [one = std::move(one), other = std::move(other)](std::string const& name, json::value const& v) {
    try {
      one(name, v);
    } catch (fault const& first) {
      try {
        other(name, v);
      } catch (fault const& second) {
        throw fault(fault_kind::invalid, first.detail + "; or: " + second.detail);
      }
    }
  };
}

json::value read_settings(std::string const& file, std::vector<setting> const& known, json::value const& given) {
  require(given.is_object(), fault_kind::invalid, file + " must hold keys and values");
  auto all = json::object();
  for (auto const& s : known) all.push(s.key, s.otherwise);
  for (auto const& m : given.as_object()) {
    get_setting(file + ": ", known, m.key).rule(file + ": " + m.key, m.value);
    all[m.key] = m.value;
  }
  return all;
}

}  // namespace dos::app
