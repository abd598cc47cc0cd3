"""The browser app: pages for a class, over the same engine as the commands.

Only this package knows the web framework, and in it only what is shown:

* what is computed, without a framework: ``setting``, ``forecasting``, ``reasons`` (Explore, Why?),
  ``game``, ``moves``, ``briefs``, ``debrief``, ``room``, ``rooms``, ``classbook`` (Play a seat),
  ``lesson`` (what a class may see), ``rivals`` (Weigh the explanations), ``world`` (The world),
  ``catalogue``, ``numbers`` (Evidence), ``working`` (slow work);
* words: ``texts`` and its folder, ``wording``;
* parts of pages, as tags: ``page``, ``forms``, ``controls``, ``drawing``, ``charts``, ``verdict``,
  ``world_map``, ``world_state``, ``asking``, ``play_setup``, ``play_steps``, ``play_screens``,
  ``play_held``, ``play_debrief``, ``play_address``, ``teacher_lesson``, ``teacher_tables``;
* pages, each with ``page`` and perhaps ``server``: ``explore``, ``why``, ``play``,
  ``explanations``, ``world_page``, ``evidence_page``, ``teacher``;
* the site: ``downloads``, ``signals``, ``gate``, ``site``, ``serving``; style and
  scripts in ``static``.
"""
