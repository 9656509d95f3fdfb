// Files that the operator writes: which keys there are, what each holds when it is left out, and which values it may have.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"

namespace dos::app {

// Throws fault invalid with `name`, what is wanted and what came.
using setting_rule = std::function<void(std::string const& name, json::value const& v)>;

struct setting {
  std::string key;
  json::value otherwise;
  setting_rule rule;
};

setting_rule whole_number(std::int64_t least, std::int64_t most);
setting_rule real_number(double least, double most);
setting_rule yes_or_no();
setting_rule words();
setting_rule list_of(setting_rule each);
setting_rule section(std::vector<setting> keys);      // an object with these keys; what is left out stays out
setting_rule any_section();                           // an object whose keys others know
setting_rule table_of(setting_rule each);             // an object with any keys
setting_rule web_address();                           // http or https; or empty
setting_rule address_ranges();                        // 10.0.0.0/8, fd00::/8, localhost
setting_rule either(setting_rule one, setting_rule other);

// Every key with its value or what stands for it. Fault invalid for an unknown key, naming those there are, and for a
// value against its rule; `file` stands before each message.
json::value read_settings(std::string const& file, std::vector<setting> const& known, json::value const& given);

}  // namespace dos::app
