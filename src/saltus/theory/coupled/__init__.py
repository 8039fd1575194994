"""Models of skills that depend on each other, one a file: they meet `SkillModel`, not `SkillDynamics`."""
