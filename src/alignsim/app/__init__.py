"""The browser app: pages for a class, over the same engine as the commands.

Only this package knows the web framework. What a page shows is computed by functions that know
nothing of it (``setting``, ``forecasting``, ``game``), and drawn as HTML and SVG by functions
that return tags; a page's ``server`` only ties the two to what a browser sends.
"""
