"""The console: pages for volunteers, editors, reviewers and administrators."""
