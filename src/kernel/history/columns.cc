#include "kernel/history/columns.h"

#include <cmath>
#include <unordered_map>

namespace dos::history_parts {
namespace {

constexpr auto not_scaled = std::uint8_t(255);

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

// The integer that is `d` shifted by `scale` decimals, if nothing is lost: -0.0 and NaN are.
bool shift(double d, std::size_t scale, std::int64_t& shifted) {
  auto const rounded = std::nearbyint(d * powers[scale]);
  if (!(std::fabs(rounded) < exact_max)) return false;
  shifted = std::int64_t(rounded);
  return same_bits(double(shifted) / powers[scale], d);
}

}  // namespace

bool shift_all(std::vector<double> const& values, std::size_t& scale, std::vector<std::int64_t>& shifted) {
  auto i = std::int64_t(0);
  for (scale = 0; auto const d : values) {
    while (!shift(d, scale, i)) {
      if (++scale == powers.size()) return false;
    }
  }
  shifted.resize(values.size());
  for (auto k = std::size_t(0); k != values.size(); ++k) {
    if (!shift(values[k], scale, shifted[k])) return false;  // fitted with fewer decimals, but not with these
  }
  return true;
}

void write_differences(std::string& out, std::vector<std::int64_t> const& values) {
  auto before = std::uint64_t(0);
  for (auto const i : values) {
    write_signed(out, std::int64_t(std::uint64_t(i) - before));
    before = std::uint64_t(i);
  }
}

void read_differences(chunk_reader& in, std::vector<std::int64_t>& values, std::size_t n) {
  values.resize(n);
  auto before = std::uint64_t(0);
  for (auto& i : values) {
    before += std::uint64_t(in.signed_varint());
    i = std::int64_t(before);
  }
}

void write_reals(std::string& out, std::vector<double> const& values) {
  auto scale = std::size_t(0);
  auto shifted = std::vector<std::int64_t>();
  if (shift_all(values, scale, shifted)) {
    out += char(scale);
    write_differences(out, shifted);
    return;
  }
  // Neighbours share their high bytes: each byte position of the differences becomes a row of its own.
  out += char(not_scaled);
  auto const start = out.size();
  auto const n = values.size();
  out.resize(start + 8 * n);
  auto before = std::uint64_t(0);
  for (auto i = std::size_t(0); i != n; ++i) {
    auto const bits = std::bit_cast<std::uint64_t>(values[i]);
    for (auto plane = std::size_t(0); plane != 8; ++plane)
      out[start + plane * n + i] = char((bits ^ before) >> (8 * plane));
    before = bits;
  }
}

void read_reals(chunk_reader& in, std::vector<double>& values, std::size_t n) {
  values.resize(n);
  auto const scale = in.byte();
  if (scale == not_scaled) {
    auto const planes = in.bytes(8 * n);
    auto before = std::uint64_t(0);
    for (auto i = std::size_t(0); i != n; ++i) {
      auto bits = std::uint64_t(0);
      for (auto plane = std::size_t(0); plane != 8; ++plane) {
        bits |= std::uint64_t(std::uint8_t(planes[plane * n + i])) << (8 * plane);
      }
      before ^= bits;
      values[i] = std::bit_cast<double>(before);
    }
    return;
  }
  if (scale >= powers.size()) chunk_reader::fail();
  auto before = std::uint64_t(0);
  for (auto& d : values) {
    before += std::uint64_t(in.signed_varint());
    d = double(std::int64_t(before)) / powers[scale];
  }
}

void write_words(std::string& out, std::vector<std::string_view> const& words) {
  auto places = std::unordered_map<std::string_view, std::uint32_t>();
  auto distinct = std::vector<std::string_view>();
  auto single = std::string();
  auto runs = std::string();
  auto indexes = std::vector<std::uint32_t>();
  indexes.reserve(words.size());
  for (auto const w : words) {
    if (!indexes.empty() && w == distinct[indexes.back()]) {
      indexes.push_back(indexes.back());
      continue;
    }
    auto const [at, is_new] = places.emplace(w, std::uint32_t(distinct.size()));
    if (is_new) distinct.push_back(w);
    indexes.push_back(at->second);
  }
  for (auto i = std::size_t(0); i != indexes.size();) {
    auto end = i;
    for (; end != indexes.size() && indexes[end] == indexes[i]; ++end) write_varint(single, indexes[i]);
    write_varint(runs, indexes[i]);
    write_varint(runs, end - i);
    i = end;
  }
  write_varint(out, distinct.size());
  for (auto const w : distinct) write_text(out, w);
  auto const as_runs = runs.size() < single.size();
  out += char(as_runs);
  out += as_runs ? runs : single;
}

void read_words(chunk_reader& in, std::vector<std::string_view>& words, std::size_t n, std::size_t& budget) {
  auto const distinct_count = in.varint();
  if (distinct_count > n) chunk_reader::fail();
  auto distinct = std::vector<std::string_view>();
  for (auto i = std::uint64_t(0); i != distinct_count; ++i) distinct.push_back(in.text());
  auto const as_runs = in.byte() != 0;
  for (auto const end = words.size() + n; words.size() != end;) {
    auto const index = in.varint();
    auto const length = as_runs ? in.varint() : 1;
    if (index >= distinct_count || length == 0 || length > end - words.size()) chunk_reader::fail();
    auto const cost = distinct[index].size() * length;
    if (cost > budget) chunk_reader::fail();
    budget -= cost;
    words.insert(words.end(), length, distinct[index]);
  }
}

}  // namespace dos::history_parts
