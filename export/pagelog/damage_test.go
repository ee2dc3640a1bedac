package pagelog_test

var magicLine = "mailerlake page log 2\n"
