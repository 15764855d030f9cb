#include "helioctl/command_tree.h"

namespace heliostat::helioctl {

void AddCommands(CLI::App& app, Invocation& invocation) {
  AddChangeCommands(app, invocation);
  AddFileCommands(app, invocation);
  AddPkiCommands(app, invocation);
  AddContextCommands(app, invocation);
  AddReadCommands(app, invocation);
  AddCompletionCommands(app, invocation);
}

}  // namespace heliostat::helioctl
