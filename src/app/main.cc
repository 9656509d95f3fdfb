#include <cstdio>

#include "app/commands.h"
#include "app/package_commands.h"
#include "app/server.h"
#include "base/fault.h"

int main(int argc, char** argv) {
  using namespace dos;
  try {
    auto const o = app::parse_command_line({argv + 1, argv + argc});
    if (o.command == "serve") app::serve(o);
    else if (o.command == "token") app::print_token(o);
    else if (o.command == "rotate-keys") app::rotate_keys(o);
    else if (o.command == "backup") app::make_backup(o);
    else if (o.command == "backup-keys") app::copy_keys(o);
    else if (o.command == "restore-keys") app::restore_keys(o);
    else if (o.command == "doctor") return app::examine(o) == 0 ? 0 : 1;
    else if (o.command == "demo" && o.rest == std::vector<std::string>{"remove"}) app::remove_demo(o);
    else if (o.command == "check") return app::check_packages(o) == 0 ? 0 : 1;
    else if (o.command == "pack") app::pack_package(o);
    else if (o.command == "adopt") app::adopt_package(o);
    else if (o.command == "new-measure") app::make_measure(o);
    else if (o.command == "help") std::fputs(app::help().c_str(), stdout);
    else throw fault(fault_kind::invalid, "unknown command " + o.command + "; try: dos help");
    return 0;
  } catch (fault const& f) {
    std::fprintf(stderr, "dos: %s\n", f.detail.c_str());
  } catch (std::exception const& e) {
    std::fprintf(stderr, "dos: %s\n", e.what());
  }
  return 1;
}
