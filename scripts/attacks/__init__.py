"""The attacks of scripts/attack: one in each file, a class that derives from attack.Attack."""
