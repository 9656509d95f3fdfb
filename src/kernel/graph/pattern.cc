#include "kernel/graph/pattern.h"

#include <re2/re2.h>

#include "base/fault.h"

namespace dos::query {
namespace {

constexpr std::size_t source_bytes_max = 1024;
constexpr std::int64_t memory_bytes_max = 1 << 20;  // program and matching states together

class linear_pattern final : public pattern {
 public:
  explicit linear_pattern(std::string_view source) : expression_({source.data(), source.size()}, options()) {
    require(expression_.ok(), fault_kind::invalid, "not a usable regular expression: " + expression_.error());
  }

  bool found_in(std::string_view text) const override {
    return RE2::PartialMatch({text.data(), text.size()}, expression_);
  }
  std::string_view source() const override { return expression_.pattern(); }

 private:
  static RE2::Options options() {
    auto o = RE2::Options();
    o.set_log_errors(false);
    o.set_max_mem(memory_bytes_max);
    return o;
  }

  RE2 expression_;
};

}  // namespace

std::shared_ptr<pattern const> make_pattern(std::string_view source) {
  require(source.size() <= source_bytes_max, fault_kind::invalid, "a regular expression is at most 1,024 bytes long");
  return std::make_shared<linear_pattern>(source);
}

}  // namespace dos::query
