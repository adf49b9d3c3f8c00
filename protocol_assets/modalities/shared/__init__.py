"""What every modality needs: texts, words, anatomy, clocks, exams, identity, scanners."""
