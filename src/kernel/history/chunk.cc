#include "kernel/history/chunk.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/crc32c.h"
#include "kernel/history/bytes.h"
#include "kernel/history/columns.h"
#include "kernel/history/compression.h"

// version · flags · crc32c (of everything else) · count · columns, the latter compressed when the chunk is sealed:
//   times    first, common divisor, differences of differences
//   classes  runs: what kind of value each observation has
//   numeric values, as far as they occur
//   numbers  differences, or differences of differences
//   strings, JSON, extras: as far as they occur
namespace dos {

using namespace history_parts;

namespace {

constexpr auto version = std::uint8_t(1);
constexpr auto flag_compressed = std::uint8_t(1);
constexpr std::size_t points_max = 65'535;
constexpr std::size_t columns_bytes_max = 64u << 20;  // compressed only below this
constexpr std::size_t expanded_bytes_max = 512u << 20;

// `mixed` numbers are those of series that write 21 between 20.5 and 21.5: integers exactly where the value is whole.
enum value_class : std::uint8_t {
  null_value,
  false_value,
  true_value,
  integer,
  real,
  mixed,
  string,
  other,
  class_count
};

void write_times(std::string& out, std::span<observation const> points) {
  auto divisor = std::uint64_t(0);
  auto const distance = [&](std::size_t i) {
    return std::uint64_t(points[i].time.us) - std::uint64_t(points[i - 1].time.us);
  };
  for (auto i = std::size_t(1); i < points.size() && divisor != 1; ++i) divisor = std::gcd(divisor, distance(i));
  if (divisor == 0) divisor = 1;
  write_signed(out, points[0].time.us);
  write_varint(out, divisor);
  auto before = std::uint64_t(0);
  for (auto i = std::size_t(1); i < points.size(); ++i) {
    auto const steps = distance(i) / divisor;
    write_signed(out, std::int64_t(steps - before));
    before = steps;
  }
}

void write_numbers(std::string& out, std::span<observation const> points) {
  auto plain = std::string();
  auto second = std::string();
  auto before = std::uint64_t(0);
  auto distance_before = std::uint64_t(0);
  for (auto const& p : points) {
    auto const distance = p.number - before;
    write_signed(plain, std::int64_t(distance));
    write_signed(second, std::int64_t(distance - distance_before));
    before = p.number;
    distance_before = distance;
  }
  auto const use_second = second.size() < plain.size();
  out += char(use_second);
  out += use_second ? second : plain;
}

void read_times(chunk_reader& in, std::vector<timestamp>& times, std::size_t n) {
  times.resize(n);
  auto time = std::uint64_t(in.signed_varint());
  auto const divisor = in.varint();
  auto steps = std::uint64_t(0);
  times[0].us = std::int64_t(time);
  for (auto i = std::size_t(1); i < n; ++i) {
    steps += std::uint64_t(in.signed_varint());
    time += steps * divisor;
    times[i].us = std::int64_t(time);
  }
}

// Those from `first` on get their numbers; `count` are read.
void read_numbers(chunk_reader& in, std::size_t count, std::size_t first, std::span<observation> points) {
  auto const second = in.byte() != 0;
  auto number = std::uint64_t(0);
  auto distance = std::uint64_t(0);
  for (auto i = std::size_t(0); i != count; ++i) {
    auto const difference = std::uint64_t(in.signed_varint());
    distance = second ? distance + difference : difference;
    number += distance;
    if (i >= first && i - first < points.size()) points[i - first].number = number;
  }
}

struct sorted_values {
  std::vector<value_class> classes;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::string_view> strings;
  std::vector<std::string> others;
  std::size_t mixed_scale = 0;
  std::vector<std::int64_t> mixed_values;
};

value_class class_of(json::value const& v) {
  switch (v.kind()) {
    case json::kind::null:
      return null_value;
    case json::kind::boolean:
      return v.as_bool() ? true_value : false_value;
    case json::kind::integer:
      return integer;
    case json::kind::real:
      return real;
    case json::kind::string:
      return string;
    default:
      return other;
  }
}

// True when integers and reals can share one column and be told apart by being whole.
bool can_mix(std::vector<double> const& all, std::vector<bool> const& is_integer, std::size_t& scale,
             std::vector<std::int64_t>& shifted) {
  if (!shift_all(all, scale, shifted)) return false;
  for (auto i = std::size_t(0); i != all.size(); ++i) {
    if ((shifted[i] % integer_powers[scale] == 0) != is_integer[i]) return false;
  }
  return true;
}

sorted_values sort_values(std::span<observation const> points) {
  auto s = sorted_values();
  s.classes.reserve(points.size());
  auto all = std::vector<double>();
  auto is_integer = std::vector<bool>();
  for (auto const& p : points) {
    auto const c = class_of(p.value);
    s.classes.push_back(c);
    if (c == integer) s.integers.push_back(p.value.as_int());
    if (c == real) s.reals.push_back(p.value.as_double());
    if (c == string) s.strings.push_back(p.value.as_string());
    if (c == other) write_value(s.others.emplace_back(), p.value);
  }
  if (s.integers.empty() || s.reals.empty()) return s;
  for (auto const& p : points) {
    if (!p.value.is_number()) continue;
    all.push_back(p.value.as_double());
    is_integer.push_back(p.value.is_int());
    if (p.value.is_int() && std::fabs(all.back()) >= exact_max) return s;
  }
  if (!can_mix(all, is_integer, s.mixed_scale, s.mixed_values)) {
    s.mixed_values.clear();
    return s;
  }
  s.integers.clear();
  s.reals.clear();
  for (auto& c : s.classes) {
    if (c == integer || c == real) c = mixed;
  }
  return s;
}

void write_numeric_values(std::string& out, sorted_values const& s) {
  for (auto i = s.classes.begin(); i != s.classes.end();) {
    auto const end = std::find_if(i, s.classes.end(), [&](value_class c) { return c != *i; });
    out += char(*i);
    write_varint(out, std::uint64_t(end - i));
    i = end;
  }
  if (!s.integers.empty()) write_differences(out, s.integers);
  if (!s.reals.empty()) write_reals(out, s.reals);
  if (!s.mixed_values.empty()) {
    out += char(s.mixed_scale);
    write_differences(out, s.mixed_values);
  }
}

// The members of the extras become columns. Integers are mostly times: kept as distance from the observation's own.
void write_extras(std::string& out, std::span<observation const> points) {
  auto names = std::vector<std::string_view>();
  for (auto const& p : points) {
    DOS_CHECK(p.extras.is_null() || p.extras.is_object());
    if (p.extras.is_null()) continue;
    for (auto const& m : p.extras.as_object()) {
      if (std::find(names.begin(), names.end(), m.key) == names.end()) names.push_back(m.key);
    }
  }
  write_varint(out, names.size());
  for (auto const name : names) {
    auto all_integers = true;
    auto members = std::vector<json::value const*>();
    for (auto const& p : points) {
      members.push_back(p.extras.find(name));
      all_integers = all_integers && (members.back() == nullptr || members.back()->is_int());
    }
    auto words = std::vector<std::string>(points.size());  // an absent member is the empty word
    auto distances = std::vector<std::int64_t>();
    for (auto i = std::size_t(0); i != points.size(); ++i) {
      if (members[i] == nullptr) continue;
      if (all_integers) {
        words[i].push_back('t');
        distances.push_back(std::int64_t(std::uint64_t(members[i]->as_int()) - std::uint64_t(points[i].time.us)));
      } else {
        write_value(words[i], *members[i]);
      }
    }
    write_text(out, name);
    out += char(all_integers);
    write_words(out, {words.begin(), words.end()});
    write_differences(out, distances);
  }
}

// For `points`, which are those from `first` on of `count`.
void read_extras(chunk_reader& in, std::size_t count, std::size_t first, std::span<observation> points,
                 std::size_t& budget) {
  auto const columns = in.varint();
  if (columns > in.left()) chunk_reader::fail();
  auto words = std::vector<std::string_view>();
  auto distances = std::vector<std::int64_t>();
  for (auto column = std::uint64_t(0); column != columns; ++column) {
    auto const name = in.text();
    auto const all_integers = in.byte() != 0;
    words.clear();
    read_words(in, words, count, budget);
    auto const absent = [&](std::size_t from, std::size_t to) {
      return std::size_t(
          std::count(words.begin() + std::ptrdiff_t(from), words.begin() + std::ptrdiff_t(to), std::string_view()));
    };
    if (all_integers) read_differences(in, distances, count - absent(0, count));
    auto next = first - absent(0, first);
    auto repeated = json::value();
    auto word_before = std::string_view();
    for (auto i = std::size_t(0); i != points.size(); ++i) {
      auto const word_here = words[first + i];
      if (word_here.empty()) continue;
      if (all_integers) {
        repeated = std::int64_t(std::uint64_t(distances[next++]) + std::uint64_t(points[i].time.us));
      } else if (word_here.data() != word_before.data()) {
        auto word = chunk_reader(word_here);
        repeated = read_value(word);
        word_before = word_here;
      }
      auto& extras = points[i].extras;
      if (extras.is_null()) extras = json::object();
      extras.as_object().push(std::string(name), repeated);
    }
  }
}

// A chunk opened up to its numeric values; `rest` is what follows.
struct opened_chunk {
  explicit opened_chunk(std::string_view bytes);

  std::string storage;
  chunk_reader rest;
  std::vector<timestamp> times;
  std::vector<std::pair<value_class, std::size_t>> runs;
  std::array<std::size_t, class_count> counts{};
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::int64_t> mixed_values;
  std::int64_t mixed_power = 1;
};

opened_chunk::opened_chunk(std::string_view bytes) : rest(bytes) {
  if (rest.byte() > version) throw fault(fault_kind::not_supported, "the chunk was written by a newer program");
  auto const flags = rest.byte();
  auto const checksum = rest.fixed<std::uint32_t>();
  if (crc32c(bytes.substr(6), crc32c(bytes.substr(0, 2))) != checksum) chunk_reader::fail();
  auto const count = rest.varint();
  if (count == 0 || count > points_max) chunk_reader::fail();
  if ((flags & flag_compressed) != 0) {
    storage = expanded(rest.bytes(rest.left()), columns_bytes_max);
    rest = chunk_reader(storage);
  }
  read_times(rest, times, count);
  for (auto seen = std::size_t(0); seen != count;) {
    auto const c = rest.byte();
    auto const run = rest.varint();
    if (c >= class_count || run == 0 || run > count - seen) chunk_reader::fail();
    runs.emplace_back(value_class(c), run);
    counts[c] += run;
    seen += run;
  }
  if (counts[integer] != 0) read_differences(rest, integers, counts[integer]);
  if (counts[real] != 0) read_reals(rest, reals, counts[real]);
  if (counts[mixed] != 0) {
    auto const scale = rest.byte();
    if (scale >= integer_powers.size()) chunk_reader::fail();
    mixed_power = integer_powers[scale];
    read_differences(rest, mixed_values, counts[mixed]);
  }
}

}  // namespace

std::string encode_chunk(std::span<observation const> points, bool sealed) {
  DOS_CHECK(!points.empty() && points.size() <= points_max);
  auto columns = std::string();
  columns.reserve(points.size() * 4);
  write_times(columns, points);
  auto const sorted = sort_values(points);
  write_numeric_values(columns, sorted);
  write_numbers(columns, points);
  if (!sorted.strings.empty()) write_words(columns, sorted.strings);
  if (!sorted.others.empty()) write_words(columns, {sorted.others.begin(), sorted.others.end()});
  write_extras(columns, points);
  auto const compress = sealed && columns.size() <= columns_bytes_max;
  auto out = std::string{char(version), char(compress ? flag_compressed : 0), 0, 0, 0, 0};
  write_varint(out, points.size());
  out += compress ? compressed(columns) : columns;
  auto const checksum = crc32c(std::string_view(out).substr(6), crc32c(std::string_view(out).substr(0, 2)));
  std::memcpy(out.data() + 2, &checksum, sizeof checksum);
  return out;
}

void decode_chunk(std::string_view bytes, std::vector<observation>& points, chunk_part const& part) {
  auto c = opened_chunk(bytes);
  auto const count = c.times.size();
  auto first = std::size_t(std::lower_bound(c.times.begin(), c.times.end(), part.from) - c.times.begin());
  auto last = part.to.us == INT64_MAX
                  ? count
                  : std::size_t(std::lower_bound(c.times.begin(), c.times.end(), part.to) - c.times.begin());
  last = std::max(first, last);
  if (last - first > part.most) (part.newest ? first : last) = part.newest ? last - part.most : first + part.most;
  auto const start = points.size();
  points.resize(start + last - first);
  auto const added = std::span(points).subspan(start);
  read_numbers(c.rest, count, first, added);
  auto budget = expanded_bytes_max;
  auto words = std::vector<std::string_view>();
  if (c.counts[string] != 0) read_words(c.rest, words, c.counts[string], budget);
  if (c.counts[other] != 0) read_words(c.rest, words, c.counts[other], budget);
  auto next_integer = c.integers.begin();
  auto next_real = c.reals.begin();
  auto next_mixed = c.mixed_values.begin();
  auto next_string = words.begin();
  auto next_other = words.begin() + std::ptrdiff_t(c.counts[string]);
  auto const value_of = [&](value_class k) -> json::value {
    switch (k) {
      case false_value:
        return false;
      case true_value:
        return true;
      case integer:
        return *next_integer++;
      case real:
        return *next_real++;
      case mixed: {
        auto const i = *next_mixed++;
        return i % c.mixed_power == 0 ? json::value(i / c.mixed_power) : json::value(double(i) / double(c.mixed_power));
      }
      case string:
        return *next_string++;
      case other: {
        auto word = chunk_reader(*next_other++);
        return read_value(word);
      }
      default:
        return nullptr;
    }
  };
  auto const pass_over = [&](value_class k, std::size_t n) {
    if (k == integer) next_integer += std::ptrdiff_t(n);
    if (k == real) next_real += std::ptrdiff_t(n);
    if (k == mixed) next_mixed += std::ptrdiff_t(n);
    if (k == string) next_string += std::ptrdiff_t(n);
    if (k == other) next_other += std::ptrdiff_t(n);
  };
  auto i = std::size_t(0);
  for (auto const& [k, length] : c.runs) {
    auto const end = i + length;
    if (i < first) {
      auto const before = std::min(end, first) - i;
      pass_over(k, before);
      i += before;
    }
    for (; i < std::min(end, last); ++i) {
      added[i - first].time = c.times[i];
      added[i - first].value = value_of(k);
    }
    if (i < end) pass_over(k, end - i);
    i = end;
  }
  read_extras(c.rest, count, first, added, budget);
}

std::size_t decode_numbers(std::string_view bytes, std::vector<numeric_point>& points) {
  auto const c = opened_chunk(bytes);
  points.reserve(points.size() + c.times.size());
  auto next_integer = c.integers.begin();
  auto next_real = c.reals.begin();
  auto next_mixed = c.mixed_values.begin();
  auto t = c.times.begin();
  for (auto const& [k, length] : c.runs) {
    for (auto const end = t + std::ptrdiff_t(length); t != end; ++t) {
      switch (k) {
        case false_value:
          points.push_back({*t, 0.0});
          break;
        case true_value:
          points.push_back({*t, 1.0});
          break;
        case integer:
          points.push_back({*t, double(*next_integer++)});
          break;
        case real:
          points.push_back({*t, *next_real++});
          break;
        case mixed:
          points.push_back({*t, double(*next_mixed++) / double(c.mixed_power)});
          break;
        default:
          break;
      }
    }
  }
  return c.times.size();
}

}  // namespace dos
