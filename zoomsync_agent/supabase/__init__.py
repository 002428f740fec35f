"""The Supabase project: what destination, catalog, sign-in and doctor share.

Its address and keys, one HTTP client, who we are towards it, and what its answers mean.
"""
