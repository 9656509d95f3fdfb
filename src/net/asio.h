// Asio and Beast as this module uses them: compiled once, in asio.cc. For the .cc files of net/ only,
// which include no header of Boost past this one.
#pragma once

#define BOOST_ASIO_SEPARATE_COMPILATION
#define BOOST_ASIO_NO_DEPRECATED
#define BOOST_BEAST_SEPARATE_COMPILATION

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "net/address.h"
#include "net/io_threads.h"

namespace dos::net {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using steady_time = std::chrono::steady_clock::time_point;

// One thread and what waits in it. Everything that belongs to one connection runs here, so that it needs no lock.
struct lane {
  // What another thread has for this one. Many in a row wake the thread once.
  struct parcel {
    virtual ~parcel() = default;
    virtual void open() = 0;  // on the lane's thread
  };
  void hand_over(std::shared_ptr<parcel> p);
  void drop_parcels();  // once the thread has ended

  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;

 private:
  std::vector<std::shared_ptr<parcel>> take_parcels();
  void open_parcels();

  std::mutex parcels_mutex_;
  std::vector<std::shared_ptr<parcel>> parcels_;
};

struct io_threads::impl {
  std::vector<std::shared_ptr<lane>> lanes;
  std::atomic<unsigned> next{0};

  std::shared_ptr<lane> const& next_lane() {
    return lanes[next.fetch_add(1, std::memory_order_relaxed) % lanes.size()];
  }
};

inline ip_address to_ip(asio::ip::address const& a) {
  if (a.is_v6()) return {a.to_v6().to_bytes()};
  return {asio::ip::make_address_v6(asio::ip::v4_mapped, a.to_v4()).to_bytes()};
}

inline asio::ip::address from_ip(ip_address const& a) {
  auto const v6 = asio::ip::make_address_v6(a.bytes);
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
  return v6;
}

}  // namespace dos::net
