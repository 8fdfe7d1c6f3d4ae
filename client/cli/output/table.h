// `Table` prints text in aligned columns.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_TABLE_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_TABLE_H_

#include <ostream>
#include <string>
#include <vector>

namespace armstate {

// Example:
//   Table table({"NAME", "VALUE"});
//   table.AddRow({"X0", "0x0000000000000001"});
//   table.Print("  ", out);
//
// Columns are two blanks apart and as wide as their widest cell (in bytes: all our text is ASCII). Rows may be shorter
// than the header. Control characters in a cell, which a server or a file may have put there, show as '?'.
class Table {
 public:
  explicit Table(std::vector<std::string> header);

  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.size() == 1; }
  // `indent` begins each line. Prints nothing, not even the header, if there are no rows.
  void Print(const std::string& indent, std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the first is the header
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_TABLE_H_
