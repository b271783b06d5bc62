"""What is shown to the model beside the text at the cursor."""
