"""The world panel: about 190 states, fitted on 2014, forecast for 2022.

What is fitted: ``specification`` (the file of a study), ``fits`` (samples, draws, weight files),
``leaving`` (units and regions left out), ``within`` (all of 2014 beside the baselines), ``energy``.
What is forecast: ``forecasting`` (free runs), ``movers``, ``registering`` (tables, hashes, scores).
How it did: ``verdict`` (scores, states and terms) and ``criteria`` (the registered sentences).
What they stand beside: ``features``, ``baselines``, ``panel_scores``. What is shown: ``tiles``,
``plots_panel``, ``plots_map``, ``panel_report``, ``verdict_report``, and ``shipped`` for the
committed results. The scenarios are read by :mod:`alignsim.worlds`, the likelihood is
:mod:`alignsim.chain`.
"""
