"""The world panel: about 190 states, fitted on 2014, forecast for 2022."""
