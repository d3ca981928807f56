"""Prepares an account for deployments that have rights over this project only. `__main__` is its command line.

After a plain `cdk bootstrap`, CloudFormation deploys as an administrator, and so does everyone who may use CDK's roles.
Here it gets two policies instead: what CloudFormation does for the resource types of a stage, on names that begin with
the project's. It may create roles, as each flow has one, but only with a permissions boundary: whatever a role's
policies say, it can't change who may do what.
"""
