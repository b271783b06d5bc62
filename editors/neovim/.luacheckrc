std = "luajit"
max_line_length = 120
globals = { "vim" } -- not read only: options of buffers are fields of it
files["**/settings.lua"] = { max_line_length = false } -- written by a program
