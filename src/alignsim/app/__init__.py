"""The browser app: pages for a class, over the same engine as the commands.

Only this package knows the web framework, and in it only what is shown:

* what is computed, without a framework: ``setting``, ``forecasting``, ``reasons`` (Explore, Why?),
  ``game``, ``moves``, ``briefs``, ``debrief``, ``rooms``, ``classbook`` (Play a seat), ``rivals``
  (Weigh the explanations), ``world`` (The world), ``catalogue``, ``numbers`` (Evidence),
  ``working`` (slow work);
* words: ``texts`` and its folder, ``wording``;
* parts of pages, as tags: ``page``, ``forms``, ``controls``, ``drawing``, ``charts``, ``verdict``,
  ``world_map``, ``world_state``, ``play_setup``, ``play_steps``, ``play_screens``,
  ``play_debrief``, ``play_address``;
* pages, each with ``page`` and perhaps ``server``: ``explore``, ``why``, ``play``,
  ``explanations``, ``world_page``, ``evidence_page``, ``teacher``;
* the site: ``downloads``, ``site``, ``serving``; style and scripts in ``static``.
"""
