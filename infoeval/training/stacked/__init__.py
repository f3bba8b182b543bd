"""Many runs of one trainer in one process, side by side in the channels of one network."""
