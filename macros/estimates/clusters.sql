{#
    The variance of an estimated total where users were drawn instead of events: each user has one number between 0 and
    1, and the user's events of a type are stored if the rate of the type is above that number (Poisson sampling of
    clusters by permanent random numbers; Brewer, Early and Joyce 1972; Särndal, Swensson and Wretman, Model Assisted
    Survey Sampling, 3.5 and 4.2). Two events of a user are then both stored with the smaller of their probabilities, 1
    / max(w_i, w_j), so the Horvitz-Thompson variance estimator is

        the sum over users of t^2 - o, with t the sum of w, o the sum of max(w_i, w_j) over all i and j of the user's stored events

    which is t^2 (1 - r) where the user has one rate, and w (w - 1) where it has one event. Gives o: an aggregate over
    the weights of a user, of which each has stored_count events, and stored_so_far with all smaller ones.
#}
{% macro larger_weights(weight, stored_count, stored_so_far) -%}
    {%- set before = '(' ~ stored_so_far ~ ' - ' ~ stored_count ~ ')' -%}
    sum({{ weight }} * ({{ stored_so_far }} * {{ stored_so_far }} - {{ before }} * {{ before }}))
{%- endmacro %}
