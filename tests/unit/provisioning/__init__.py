"""The rules of `provisioning`."""
