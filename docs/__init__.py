"""What is written about the package, and the programs that write the parts of it which follow from the code."""
