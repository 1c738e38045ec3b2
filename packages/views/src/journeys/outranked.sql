-- Where clicks outrank views, a path with a click passes over what was only seen.
--
-- In:  step (path_no, view_through)
-- Out: step without these
DELETE FROM step WHERE view_through AND path_no IN (SELECT path_no FROM step WHERE NOT view_through);
