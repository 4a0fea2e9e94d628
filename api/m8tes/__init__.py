"""The m8tes door: `/api/v2`. Its words stay in here; everything it does is a service function of the rooms below."""
