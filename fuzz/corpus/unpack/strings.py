a = b"\x41\101\n" rb"\x" u"\u00e9\U0001F600" '\
'
"""doc
string"""
b = "open
c = '''never closed